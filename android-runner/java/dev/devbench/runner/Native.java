package dev.devbench.runner;

/** The C core: the program that the executable is, in this process. */
final class Native {
    private Native() {}

    /**
     * Runs a command line and ends the process: it never returns.
     *
     * @param words the words of the command line in UTF-8, each ended by NUL
     * @param line the first line of the job, or null
     * @param tag the nonce that frames the lines in Android's log; null keeps them out of it
     * @param assets the app's AssetManager, for models inside the APK, or null
     */
    static native void run(byte[] words, byte[] line, byte[] tag, Object assets);
}
