package dev.devbench.runner;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a job is asked to do: a word a line, the first being <code>nonce=…</code>.
 *
 * <p>The rest are the words of the C core's command line, but for those that only the app can know or do: see
 * {@link #OWN}, and values that begin with <code>apk:</code> (a library inside the APK), <code>copy:</code> (a library
 * that is copied to the app's own folder first) or <code>files:</code> (the app's external files).
 */
final class Plan {
    /** Keys that the app keeps for itself. */
    static final List<String> OWN = Arrays.asList("nonce", "mode", "command", "out", "err");

    /** Turns a path word into a path of this installation. */
    interface Places {
        String library(String name);

        String copied(String path) throws IOException;

        String file(String name);
    }

    private final List<String[]> pairs = new ArrayList<String[]>();

    private Plan() {}

    /** @throws IllegalArgumentException when it is no plan, or another one's nonce */
    static Plan parse(String text, String nonce) {
        if (nonce == null || !isNonce(nonce)) {
            throw new IllegalArgumentException("the nonce is missing, or not of 1 to 64 letters, digits and dashes");
        }
        Plan plan = new Plan();
        for (String line : text.split("\n")) {
            int equals = line.indexOf('=');
            if (line.length() == 0) {
                continue;
            }
            if (equals <= 0) {
                throw new IllegalArgumentException("'" + line + "' is not KEY=VALUE");
            }
            plan.pairs.add(new String[] {line.substring(0, equals), line.substring(equals + 1)});
        }
        if (!nonce.equals(plan.get("nonce", null))) {
            throw new IllegalArgumentException("the plan is not the one of nonce " + nonce);
        }
        return plan;
    }

    private static boolean isNonce(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-')) {
                return false;
            }
        }
        return text.length() > 0 && text.length() <= 64;
    }

    String get(String key, String otherwise) {
        for (String[] pair : pairs) {
            if (pair[0].equals(key)) {
                return pair[1];
            }
        }
        return otherwise;
    }

    /** @throws IllegalArgumentException when there is none */
    String need(String key) {
        String value = get(key, null);
        if (value == null) {
            throw new IllegalArgumentException("key '" + key + "' is required");
        }
        return value;
    }

    /** The command line for the C core, each word ended by NUL. */
    byte[] words(String out, String err, Places places) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        add(bytes, "1");
        add(bytes, get("command", "run"));
        add(bytes, "out=" + out);
        if (get("command", "run").equals("run")) {
            add(bytes, "err=" + err);
            add(bytes, "nonce=" + need("nonce"));
        }
        for (String[] pair : pairs) {
            if (!OWN.contains(pair[0])) {
                add(bytes, pair[0] + "=" + place(pair[1], places));
            }
        }
        return bytes.toByteArray();
    }

    private static String place(String value, Places places) throws IOException {
        if (value.startsWith("apk:")) {
            return places.library(value.substring(4));
        }
        if (value.startsWith("copy:")) {
            return places.copied(value.substring(5));
        }
        return value.startsWith("files:") ? places.file(value.substring(6)) : value;
    }

    private static void add(ByteArrayOutputStream bytes, String word) throws IOException {
        bytes.write(word.getBytes("UTF-8"));
        bytes.write(0);
    }
}
