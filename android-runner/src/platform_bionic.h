/* The part of Android's C library that the runner uses, declared by hand; all of it is there since API 21.
 *
 * Layouts are those of the kernel for each of the four ABIs, where 32-bit Android has a 32-bit time_t and off_t. */
#ifndef DEVBENCH_PLATFORM_BIONIC_H
#define DEVBENCH_PLATFORM_BIONIC_H

#if defined(__LP64__)
typedef long ssize_t;
#define RTLD_NOW 2
#else
typedef int ssize_t;
#define RTLD_NOW 0
#endif
typedef long off_t;
typedef int pid_t;
#define RTLD_LOCAL 0

/* ---- numbers ---- */
#define ESRCH 3
#define EINTR 4
#define EWOULDBLOCK 11
#define EACCES 13
#define EEXIST 17
#define EINVAL 22
#define EFBIG 27
#define ENOSPC 28
#define EDQUOT 122
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_CLOEXEC 02000000
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define F_OK 0
#define PROT_READ 1
#define MAP_PRIVATE 2
#define MAP_FAILED ((void *)-1)
#define X_OK 1
#define R_OK 4
#define F_SETFD 2
#define FD_CLOEXEC 1
#define F_DUPFD_CLOEXEC 1030
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8
#define CLOCK_MONOTONIC 1
#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define AT_PAGESZ 6
#define AT_CLKTCK 17
#define POLLIN 1
#define POLLERR 8
#define POLLHUP 16
#define POLLNVAL 32
#define IN_MODIFY 2
#define IN_CLOSE_WRITE 8
#define IN_CLOEXEC O_CLOEXEC
#define SIGHUP 1
#define SIGKILL 9
#define SIGPIPE 13
#define SIGTERM 15
#define SIGXFSZ 25
#define SIG_DFL ((void (*)(int))0)
#define SIG_IGN ((void (*)(int))1)
#define WIFEXITED(status) (((status) & 0x7f) == 0)
#define WEXITSTATUS(status) ((status) >> 8 & 0xff)
#define WIFSIGNALED(status) (((status) & 0x7f) != 0 && ((status) & 0x7f) != 0x7f)
#define WTERMSIG(status) ((status) & 0x7f)

/* ---- structures ---- */
struct timespec {
    long tv_sec, tv_nsec;
};

struct timeval {
    long tv_sec, tv_usec;
};

struct rusage {
    struct timeval ru_utime, ru_stime;
    long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd,
        ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};

struct utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

struct pollfd {
    int fd;
    short events, revents;
};

struct dirent {
    uint64_t d_ino;
    int64_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[256];
};
typedef struct DIR DIR;

struct stat {
#if defined(__aarch64__)
    uint64_t st_dev, st_ino;
    uint32_t st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev, pad1;
    int64_t st_size;
    int32_t st_blksize, pad2;
    int64_t st_blocks;
    struct timespec st_atim, st_mtim, st_ctim;
    uint32_t unused[2];
#elif defined(__x86_64__)
    uint64_t st_dev, st_ino, st_nlink;
    uint32_t st_mode, st_uid, st_gid, pad0;
    uint64_t st_rdev;
    int64_t st_size, st_blksize, st_blocks;
    struct timespec st_atim, st_mtim, st_ctim;
    int64_t unused[3];
#else /* arm and x86: the kernel's stat64 */
    uint64_t st_dev;
    uint8_t pad0[4];
    uint32_t st_ino_low, st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev;
    uint8_t pad3[4];
    int64_t st_size;
    uint32_t st_blksize;
    uint64_t st_blocks;
    struct timespec st_atim, st_mtim, st_ctim;
    uint64_t st_ino;
#endif
};

/* ---- functions (stubs/libc.txt and stubs/libdl.txt name them for the linker) ---- */
int *__errno(void);
#define errno (*__errno())

void *malloc(size_t);
void *calloc(size_t, size_t);
void free(void *);
void *memchr(const void *, int, size_t);
int memcmp(const void *, const void *, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
char *strchr(const char *, int);
int strcmp(const char *, const char *);
char *strdup(const char *);
char *strerror(int);
size_t strlen(const char *);
int strncmp(const char *, const char *, size_t);
char *strrchr(const char *, int);
char *strstr(const char *, const char *);
double strtod(const char *, char **);
long strtol(const char *, char **, int);
long long strtoll(const char *, char **, int);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
int snprintf(char *, size_t, const char *, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *, size_t, const char *, va_list);

int access(const char *, int);
int close(int);
int dup2(int, int);
int fcntl(int, int, ...);
int flock(int, int);
int ftruncate(int, off_t);
off_t lseek(int, off_t, int);
int mkdir(const char *, unsigned int);
int open(const char *, int, ...);
int pipe(int[2]);
int posix_fallocate(int, off_t, off_t);
ssize_t pread(int, void *, size_t, off_t);
void *mmap(void *, size_t, int, int, int, off_t);
ssize_t read(int, void *, size_t);
int rename(const char *, const char *);
int rmdir(const char *);
int stat(const char *, struct stat *);
int unlink(const char *);
ssize_t write(int, const void *, size_t);
DIR *opendir(const char *);
struct dirent *readdir(DIR *);
int closedir(DIR *);
int inotify_add_watch(int, const char *, uint32_t);
int inotify_init1(int);
int poll(struct pollfd *, unsigned int, int);

void _exit(int) __attribute__((noreturn));
int execv(const char *, char *const *);
pid_t fork(void);
unsigned long getauxval(unsigned long);
pid_t getpgid(pid_t);
pid_t getpid(void);
pid_t gettid(void);
int getrusage(int, struct rusage *);
pid_t getsid(pid_t);
int kill(pid_t, int);
int sched_getaffinity(pid_t, size_t, void *);
int sched_getcpu(void);
int sched_setaffinity(pid_t, size_t, const void *);
int setpgid(pid_t, pid_t);
int setenv(const char *, const char *, int);
pid_t setsid(void);
void (*signal(int, void (*)(int)))(int);
int uname(struct utsname *);
pid_t waitpid(pid_t, int *, int);
int clock_gettime(int, struct timespec *);
int nanosleep(const struct timespec *, struct timespec *);

void *dlopen(const char *, int);
void *dlsym(void *, const char *);
char *dlerror(void);

#endif
