package android.os;

public class Build {
    public static class VERSION {
        // no constant: javac would put the stub's number into the app
        public static final int SDK_INT = Integer.parseInt("0");
    }
}
