package android.app;

public class Activity extends android.view.ContextThemeWrapper {
    protected void onCreate(android.os.Bundle state) { throw new RuntimeException(); }

    protected void onStop() { throw new RuntimeException(); }

    public void onWindowFocusChanged(boolean hasFocus) { throw new RuntimeException(); }

    public android.content.Intent getIntent() { throw new RuntimeException(); }

    public android.view.Window getWindow() { throw new RuntimeException(); }

    public boolean moveTaskToBack(boolean nonRoot) { throw new RuntimeException(); }
}
