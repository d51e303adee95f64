import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import org.codehaus.mojo.animal_sniffer.SignatureChecker;
import org.codehaus.mojo.animal_sniffer.logging.PrintWriterLogger;

/** Sniff SIGNATURE CLASSES: exit code 1 when a class uses what the signature lacks; animal-sniffer's own main ends with 0. */
public class Sniff {
    public static void main(String[] arguments) throws Exception {
        try (InputStream signature = new FileInputStream(arguments[0])) {
            SignatureChecker checker =
                    new SignatureChecker(signature, new HashSet<>(Arrays.asList("dev.devbench.runner.*")), new PrintWriterLogger(System.out));
            checker.setSourcePath(Collections.<File>emptyList());
            checker.process(new File(arguments[1]));
            System.out.flush();
            System.exit(checker.isSignatureBroken() ? 1 : 0);
        }
    }
}
