package android.content.res;

public class AssetFileDescriptor implements java.io.Closeable {
    public java.io.FileDescriptor getFileDescriptor() { throw new RuntimeException(); }

    public long getStartOffset() { throw new RuntimeException(); }

    public long getDeclaredLength() { throw new RuntimeException(); }

    public void close() throws java.io.IOException { throw new RuntimeException(); }
}
