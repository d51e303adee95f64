/* Lines of a job in Android's log, framed so that a reader can put them together again: for phones whose shell may not
 * read the files of apps. */
#ifndef DEVBENCH_MIRROR_H
#define DEVBENCH_MIRROR_H

/* From here on every line goes to the log too, under the tag `devbench`, framed by `nonce`. */
void mirror_start(const char *nonce);

#endif
