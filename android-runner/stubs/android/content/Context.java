package android.content;

public abstract class Context {
    public static final int MODE_PRIVATE = 0;
    public static final String KEYGUARD_SERVICE = "keyguard";
    public static final String POWER_SERVICE = "power";

    public abstract java.io.File getExternalFilesDir(String type);

    public abstract java.io.File getFilesDir();

    public abstract java.io.File getDir(String name, int mode);

    public abstract android.content.res.AssetManager getAssets();

    public abstract android.content.pm.ApplicationInfo getApplicationInfo();

    public abstract Object getSystemService(String name);
}
