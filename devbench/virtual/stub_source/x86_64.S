// A command of the phone that the daemon answers (getprop, dumpsys, …): sends its working folder, its arguments and
// its three standard streams to the socket below, waits for one byte, and ends with it as exit code (1 when none came).
// No libc, no interpreter, 400 bytes: it starts in any root folder and costs less than a shell script would.
// stub.py holds the assembled bytes; tests/virtual/test_stub.py assembles this file again and compares.
.intel_syntax noprefix
.globl _start
_start:
    mov rbp, rsp
null:                                       // a closed standard stream becomes /dev/null, so that all three can be sent
    lea rdi, [rip + dev_null]
    mov esi, 2
    mov eax, 2                              // open
    syscall
    cmp eax, 2
    jbe null
    mov edi, 1
    mov esi, 5                              // SOCK_SEQPACKET
    xor edx, edx
    mov eax, 41                             // socket
    syscall
    mov ebx, eax
    mov edi, eax
    lea rsi, [rip + address]
    mov edx, 22
    mov eax, 42                             // connect
    syscall
    test eax, eax
    jnz fail
    sub rsp, 4096
    mov rdi, rsp
    mov esi, 4096
    mov eax, 79                             // getcwd
    syscall
    test eax, eax
    js fail
    mov r9, rsp
    mov rcx, [rbp]
    mov rdi, [rbp + 8]
    mov rsi, [rbp + 8*rcx]
end:                                        // arguments lie one after the other: find the end of the last
    inc rsi
    cmp byte ptr [rsi - 1], 0
    jne end
    sub rsi, rdi
    push rsi
    push rdi
    push rax
    push r9                                 // iovec: the folder, then the arguments
    mov rdi, rsp
    push 0
    push 32
    lea rdx, [rip + rights]
    push rdx
    push 2
    push rdi
    push 0
    push 0
    mov rsi, rsp
    mov edi, ebx
    xor edx, edx
    mov eax, 46                             // sendmsg
    syscall
    test eax, eax
    js fail
    mov edi, ebx
    mov rsi, rsp
    mov edx, 1
    xor eax, eax                            // read
    syscall
    movzx edi, byte ptr [rsp]
    cmp eax, 1
    je leave
fail:
    mov edi, 1
leave:
    mov eax, 231                            // exit_group
    syscall
dev_null: .asciz "/dev/null"
address: .short 1
    .asciz "/dev/socket/service"
.balign 8
rights: .quad 28                            // cmsghdr: SCM_RIGHTS with 0, 1, 2
    .long 1, 1, 0, 1, 2, 0
