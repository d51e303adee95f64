package dev.devbench.runner;

import java.io.ByteArrayOutputStream;
import java.io.File;

/**
 * The C core in a bare virtual machine, for phones that let nobody install an app:
 *
 * <pre>CLASSPATH=devbench-runner.apk app_process /system/bin dev.devbench.runner.Main lib=LIBRARY 1 run …</pre>
 *
 * <p>Nothing of Android's classes is used, so any virtual machine runs it.
 */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        ByteArrayOutputStream words = new ByteArrayOutputStream();
        String library = null;
        for (String argument : arguments) {
            if (words.size() == 0 && argument.startsWith("lib=")) {
                library = argument.substring(4);
            } else {
                words.write(argument.getBytes("UTF-8"));
                words.write(0);
            }
        }
        String line = new Json("app")
                .put("mode", "app_process")
                .put("pid", Long.parseLong(new File("/proc/self").getCanonicalFile().getName()))
                .put("vm", vm())
                .toString();
        try {
            System.load(new File(String.valueOf(library)).getAbsolutePath());
        } catch (UnsatisfiedLinkError error) {
            System.out.println(line);
            System.out.println(failure("link", "lib=" + library + ": " + error.getMessage()));
            System.exit(1);
        }
        Native.run(words.toByteArray(), line.getBytes("UTF-8"), null, null);
    }

    static String vm() {
        return System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version");
    }

    static Json failure(String kind, String message) {
        return new Json("error").put("kind", kind).put("step", "app").put("message", message).put("code", (String) null);
    }
}
