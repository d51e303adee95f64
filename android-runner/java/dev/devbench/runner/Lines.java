package dev.devbench.runner;

import android.util.Log;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;

/** Lines that the app writes itself, where those of the C core go: to the job's file and, framed, to Android's log. */
final class Lines {
    static final String TAG = "devbench";
    private static final int PIECE = 3000;

    private final File file;
    private final String nonce;
    private int number;

    Lines(File file, String nonce) {
        this.file = file;
        this.nonce = nonce;
    }

    void add(String line) {
        int pieces = Math.max(1, (line.length() + PIECE - 1) / PIECE);
        for (int piece = 0; piece < pieces; piece++) {
            String part = line.substring(piece * PIECE, Math.min(line.length(), (piece + 1) * PIECE));
            Log.i(TAG, nonce + " " + number + " " + (piece + 1) + "/" + pieces + " " + part);
        }
        number++;
        try {
            FileOutputStream stream = new FileOutputStream(file, true);
            try {
                stream.write((line + "\n").getBytes("UTF-8"));
            } finally {
                stream.close();
            }
        } catch (IOException error) {
            Log.e(TAG, nonce + " cannot write " + file + ": " + error);
        }
    }

    /** The last line, and the end of the process. */
    void exit(int code) {
        add(new Json("exit").put("code", code).put("signal", (String) null).toString());
        Runtime.getRuntime().halt(code);
    }
}
