package android.content.res;

public final class AssetManager {
    public static final int ACCESS_STREAMING = 2;

    public java.io.InputStream open(String name, int mode) throws java.io.IOException { throw new RuntimeException(); }

    public AssetFileDescriptor openFd(String name) throws java.io.IOException { throw new RuntimeException(); }
}
