// A command of the phone that the daemon answers (getprop, dumpsys, …): sends its working folder, its arguments and
// its three standard streams to the socket below, waits for one byte, and ends with it as exit code (1 when none came).
// No libc, no interpreter, 400 bytes: it starts in any root folder and costs less than a shell script would.
// stub.py holds the assembled bytes; tests/virtual/test_stub.py assembles this file again and compares.
.globl _start
_start:
    mov x19, sp
null:                                       // a closed standard stream becomes /dev/null, so that all three can be sent
    mov x0, #-100
    adr x1, dev_null
    mov x2, #2
    mov x8, #56                             // openat
    svc #0
    cmp x0, #2
    b.ls null
    mov x0, #1
    mov x1, #5                              // SOCK_SEQPACKET
    mov x2, #0
    mov x8, #198                            // socket
    svc #0
    mov x20, x0
    adr x1, address
    mov x2, #22
    mov x8, #203                            // connect
    svc #0
    cbnz x0, fail
    sub sp, sp, #4096
    mov x0, sp
    mov x1, #4096
    mov x8, #17                             // getcwd
    svc #0
    tbnz x0, #63, fail
    mov x9, sp
    mov x10, x0
    ldr x11, [x19]
    ldr x12, [x19, #8]
    ldr x13, [x19, x11, lsl #3]
end:                                        // arguments lie one after the other: find the end of the last
    ldrb w14, [x13], #1
    cbnz w14, end
    sub x13, x13, x12
    stp x12, x13, [sp, #-16]!
    stp x9, x10, [sp, #-16]!
    mov x9, sp
    adr x10, rights
    mov x11, #32
    mov x12, #2
    stp xzr, xzr, [sp, #-16]!
    stp x10, x11, [sp, #-16]!
    stp x9, x12, [sp, #-16]!
    stp xzr, xzr, [sp, #-16]!
    mov x1, sp
    mov x0, x20
    mov x2, #0
    mov x8, #211                            // sendmsg
    svc #0
    tbnz x0, #63, fail
    mov x0, x20
    mov x1, sp
    mov x2, #1
    mov x8, #63                             // read
    svc #0
    cmp x0, #1
    ldrb w0, [sp]
    b.eq leave
fail:
    mov x0, #1
leave:
    mov x8, #94                             // exit_group
    svc #0
dev_null: .asciz "/dev/null"
address: .short 1
    .asciz "/dev/socket/service"
.balign 8
rights: .quad 28                            // cmsghdr: SCM_RIGHTS with 0, 1, 2
    .long 1, 1, 0, 1, 2, 0
