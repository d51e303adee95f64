/* Where an Android executable begins, as the NDK's start file would do it: the kernel's block of arguments goes to the
 * C library, which calls main. */
#if defined(DEVBENCH_BIONIC) && !defined(DEVBENCH_LIBRARY)

#include "platform.h"

int main(int, char **, char **);

struct structors {
    void (**pre_init)(void), (**init)(void), (**fini)(void), (**ctors)(void);
};

void __libc_init(void *arguments, void (*on_exit)(void), int (*main_)(int, char **, char **), const struct structors *)
    __attribute__((noreturn));

__attribute__((used, noreturn, visibility("hidden"))) void start_c(void *arguments) {
    static const struct structors none; /* C has nothing to construct */
    __libc_init(arguments, 0, main, &none);
}

#if defined(__x86_64__)
__asm__(".text\n.globl _start\n.type _start,@function\n_start:\n"
        "  xorl %ebp, %ebp\n  movq %rsp, %rdi\n  andq $-16, %rsp\n  call start_c\n  hlt\n");
#elif defined(__i386__)
__asm__(".text\n.globl _start\n.type _start,@function\n_start:\n"
        "  xorl %ebp, %ebp\n  movl %esp, %eax\n  andl $-16, %esp\n  subl $12, %esp\n  pushl %eax\n  call start_c\n  hlt\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl _start\n.type _start,%function\n_start:\n"
        "  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  and x1, x0, #-16\n  mov sp, x1\n  b start_c\n");
#elif defined(__arm__)
__asm__(".text\n.globl _start\n.type _start,%function\n.arm\n_start:\n"
        "  mov fp, #0\n  mov lr, #0\n  mov r0, sp\n  bic sp, sp, #7\n  b start_c\n");
#endif

#endif
