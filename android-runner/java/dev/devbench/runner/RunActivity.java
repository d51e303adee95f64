package dev.devbench.runner;

import android.app.Activity;
import android.app.KeyguardManager;
import android.content.Intent;
import android.os.Build;
import android.os.Bundle;
import android.os.PowerManager;
import android.os.Process;
import android.view.WindowManager;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * One job in one process: <code>am start -S -n dev.devbench.runner/.RunActivity --es nonce N --es plan TEXT</code>, or
 * <code>--es plan_file PATH</code> for a plan that is too long for a command line.
 *
 * <p>It measures while its window is in front (<code>mode=foreground</code>), or after it has gone to the back
 * (<code>mode=background</code>). Only who holds the shell's permissions may start it (see the manifest).
 */
public final class RunActivity extends Activity implements Runnable, Plan.Places {
    private static final long SHOWN_WITHIN_MS = 10000;
    // deprecated later, and the only way before API 27
    private static final int FLAGS = WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON
            | WindowManager.LayoutParams.FLAG_SHOW_WHEN_LOCKED
            | WindowManager.LayoutParams.FLAG_TURN_SCREEN_ON
            | WindowManager.LayoutParams.FLAG_DISMISS_KEYGUARD;

    private final Object changed = new Object();
    private boolean focused;
    private boolean stopped;

    @Override
    protected void onCreate(Bundle state) {
        super.onCreate(state);
        getWindow().addFlags(FLAGS);
        if (state == null) {
            new Thread(this, "devbench").start();
        }
    }

    @Override
    public void onWindowFocusChanged(boolean hasFocus) {
        super.onWindowFocusChanged(hasFocus);
        synchronized (changed) {
            focused = hasFocus;
            changed.notifyAll();
        }
    }

    @Override
    protected void onStop() {
        super.onStop();
        synchronized (changed) {
            stopped = true;
            changed.notifyAll();
        }
    }

    /** The measuring thread, from the plan to the end of the process. */
    @Override
    public void run() {
        Intent intent = getIntent();
        String nonce = String.valueOf(intent.getStringExtra("nonce"));
        Lines lines = new Lines(new File(file(new File(nonce).getName() + ".jsonl")), nonce);
        try {
            String text = intent.getStringExtra("plan");
            Plan plan = Plan.parse(text != null ? text : read(String.valueOf(intent.getStringExtra("plan_file"))), nonce);
            measure(plan, nonce, lines);
        } catch (IllegalArgumentException error) {
            lines.add(Main.failure("usage", error.getMessage()).toString());
        } catch (Throwable error) {
            lines.add(Main.failure(error instanceof LinkageError ? "link" : "engine", String.valueOf(error)).toString());
        }
        lines.exit(1);
    }

    private void measure(Plan plan, String nonce, Lines lines) throws Exception {
        boolean background = plan.get("mode", "foreground").equals("background");
        boolean placed = placed(background);
        String line = describe(background, placed).toString();
        if (!placed) {
            lines.add(line);
            String where = background ? "did not leave the screen" : "was not shown";
            lines.add(Main.failure("not-shown", "the app " + where + " within " + SHOWN_WITHIN_MS / 1000 + " s").toString());
        } else {
            System.loadLibrary("devbench_runner");
            byte[] words = plan.words(file(nonce + ".jsonl"), file(nonce + ".err"), this);
            Native.run(words, line.getBytes("UTF-8"), nonce.getBytes("UTF-8"), getAssets());
        }
    }

    /** Waits until the app is where it shall measure: in front with the focus, or out of sight. */
    private boolean placed(boolean background) throws InterruptedException {
        boolean shown = await(false);
        if (!background) {
            return shown;
        }
        moveTaskToBack(true);
        return await(true);
    }

    private boolean await(boolean back) throws InterruptedException {
        long end = System.nanoTime() / 1000000 + SHOWN_WITHIN_MS;
        synchronized (changed) {
            while (!(back ? stopped : focused)) {
                long left = end - System.nanoTime() / 1000000;
                if (left <= 0) {
                    return false;
                }
                changed.wait(left);
            }
        }
        return true;
    }

    private Json describe(boolean background, boolean placed) {
        KeyguardManager keyguard = (KeyguardManager) getSystemService(KEYGUARD_SERVICE);
        PowerManager power = (PowerManager) getSystemService(POWER_SERVICE);
        return new Json("app")
                .put("mode", background ? "background" : "foreground")
                .put("pid", Process.myPid())
                .put("placed", placed)
                .put("locked", keyguard.inKeyguardRestrictedInputMode())
                .put("screen_on", power.isInteractive())
                .put("uid", Process.myUid())
                .put("sdk", Build.VERSION.SDK_INT)
                .put("vm", Main.vm());
    }

    @Override
    public String library(String name) {
        return getApplicationInfo().nativeLibraryDir + "/" + name;
    }

    /** An app may execute what lies in its own folder, but not what lies in the shell's. */
    @Override
    public String copied(String path) throws IOException {
        File source = new File(path);
        File target = new File(getDir("engines", MODE_PRIVATE), source.getName() + ".so");
        if (target.length() != source.length()) {
            File part = new File(target.getPath() + ".part");
            FileOutputStream to = new FileOutputStream(part);
            try {
                copy(new FileInputStream(source), to);
            } finally {
                to.close();
            }
            if (!part.renameTo(target)) {
                throw new IOException("cannot rename " + part);
            }
        }
        return target.getPath();
    }

    @Override
    public String file(String name) {
        File folder = getExternalFilesDir(null);
        return new File(folder != null ? folder : getFilesDir(), name).getPath();
    }

    private static String read(String path) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        copy(new FileInputStream(path), bytes);
        return bytes.toString("UTF-8");
    }

    private static void copy(InputStream from, OutputStream to) throws IOException {
        byte[] chunk = new byte[64 * 1024];
        try {
            for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
                to.write(chunk, 0, n);
            }
        } finally {
            from.close();
        }
    }
}
