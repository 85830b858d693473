// System calls that Swift cannot import: variadic functions, and those that the C library hides behind _GNU_SOURCE.
#ifndef GATEHOUSE_CLINUX_SHIMS_H
#define GATEHOUSE_CLINUX_SHIMS_H

#include <fcntl.h>
#include <linux/filter.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// Declared by the C library under _GNU_SOURCE only, which a module cannot define for itself.
extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern long syscall(long number, ...);

static inline int clinux_set_dumpable(int value) { return prctl(PR_SET_DUMPABLE, (unsigned long)value, 0UL, 0UL, 0UL); }
static inline int clinux_get_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL); }
static inline int clinux_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL); }
static inline int clinux_get_no_new_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL); }

// Both ends non-inheritable.
static inline int clinux_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }

static inline int clinux_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

static inline int clinux_close_from(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

// A descriptor, non-inheritable, that polls readable once the process has ended; Linux 5.3.
static inline int clinux_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, (long)process, 0L); }

// For a thread that mostly waits for the disk and then has a little to do: a short slice, so that the scheduler (Linux 6.12 and later) runs
// it soon after it wakes, also where an event loop keeps the only processor busy. Older kernels ignore it.
static inline void clinux_take_short_slices(void) {
    struct {
        unsigned int size, policy;
        unsigned long long flags;
        int nice;
        unsigned int priority;
        unsigned long long runtime, deadline, period;
        unsigned int utilization_minimum, utilization_maximum;
    } attributes = {.size = sizeof attributes, .runtime = 100000};
    syscall(SYS_sched_setattr, 0L, &attributes, 0L);
}

// At most 15 characters of it are shown.
static inline void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL); }

// How many processors this process may run on, of the first 1,024; 0 where the kernel does not say.
static inline int clinux_allowed_processors(void) {
    unsigned long mask[1024 / (8 * sizeof(unsigned long))];
    long size = syscall(SYS_sched_getaffinity, 0L, sizeof mask, mask);
    int count = 0;
    for (long index = 0; index < size / (long)sizeof *mask; index++) count += __builtin_popcountl(mask[index]);
    return count;
}

// From now on the kernel drops what asks this listening TCP socket for a new connection (SYN without ACK; the filter sees the TCP header
// first) and still finishes handshakes that have begun, so that its queue can be emptied. Who asks repeats it a second later (RFC 6298).
static inline int clinux_drop_new_connections(int socket) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0x40000),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

#endif
