package android.content;

public class ContextWrapper extends Context {
    public java.io.File getExternalFilesDir(String type) { throw new RuntimeException(); }

    public java.io.File getFilesDir() { throw new RuntimeException(); }

    public java.io.File getDir(String name, int mode) { throw new RuntimeException(); }

    public android.content.res.AssetManager getAssets() { throw new RuntimeException(); }

    public android.content.pm.ApplicationInfo getApplicationInfo() { throw new RuntimeException(); }

    public Object getSystemService(String name) { throw new RuntimeException(); }
}
