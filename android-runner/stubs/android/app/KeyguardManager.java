package android.app;

public class KeyguardManager {
    public boolean inKeyguardRestrictedInputMode() { throw new RuntimeException(); }
}
