/* A disk that fails, is slow, is full or kills: loaded with LD_PRELOAD, it stands between a process and its files.
 *
 * DISK_UNDER names the directory it looks after, DISK_CONTROL a file that holds the orders (struct orders, shared
 * memory: the tests change it while the process runs), DISK_TRACE a file to which every change is appended.
 * The tests compile it when they need it; crash_disk.py is its other side. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, TRUNCATE = 4, UNLINK = 8, OPEN = 16, READ = 32, RENAME = 64 };
enum { DATABASE = 1, LOG = 2, MARK = 4, SHARED = 8, OTHER = 16, FOLDER = 32, ACKS = 64 };
enum { NOTHING, FAIL, KILL_BEFORE, KILL_INSIDE, KILL_AFTER, SHORT };

struct orders {
    int64_t calls, files, action, error, per_million, at; /* what to strike, how, and how often (or only the at-th) */
    int64_t write_delay, sync_delay;                      /* microseconds */
    int64_t space;                                        /* bytes that files may still grow; -1: no bound */
    int64_t seen, struck, writes, syncs, chance;
    int64_t log_syncs;
};

static struct orders none = {.space = -1}, *orders = &none;
static char under[4096], seen_as[65536];
static int trace = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *control = getenv("DISK_CONTROL"), *log = getenv("DISK_TRACE"), *folder = getenv("DISK_UNDER");
    if (folder) strncpy(under, folder, sizeof under - 1);
    int fd;
    if (control && (fd = syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC)) >= 0) {
        void *found = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (found != MAP_FAILED) orders = found;
        syscall(SYS_close, fd);
    }
    if (log) {
        fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        trace = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 500);
        syscall(SYS_close, fd);
    }
}

static int ends(const char *path, const char *tail) {
    size_t a = strlen(path), b = strlen(tail);
    return a >= b && !strcmp(path + a - b, tail);
}

static int kind_of(const char *path) {
    if (!path || !under[0] || strncmp(path, under, strlen(under))) return 0;
    if (ends(path, "trace.log")) return 0;
    struct stat found;
    if (!stat(path, &found) && S_ISDIR(found.st_mode)) return FOLDER;
    return ends(path, "needlework.db") ? DATABASE : ends(path, "-wal") || ends(path, "-journal") ? LOG : ends(path, "-shm") ? SHARED
         : strstr(path, ".mark") ? MARK : ends(path, "acks.log") ? ACKS : OTHER;
}

static int kind(int fd) { return fd >= 0 && fd < (int)sizeof seen_as ? seen_as[fd] : 0; }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void wait_for(int64_t us) {
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    if (us > 0) nanosleep(&t, NULL);
}

/* What is to happen to this call; kills before it at once. */
static int strike(int call, int file) {
    if (!file || file == SHARED || file == ACKS) return NOTHING;
    if (call == WRITE) __sync_fetch_and_add(&orders->writes, 1), wait_for(orders->write_delay);
    if (call == SYNC) {
        __sync_fetch_and_add(&orders->syncs, 1);
        if (file == LOG) __sync_fetch_and_add(&orders->log_syncs, 1);
        wait_for(orders->sync_delay);
    }
    if (!(orders->calls & call) || !(orders->files & file)) return NOTHING;
    int64_t number = __sync_add_and_fetch(&orders->seen, 1);
    if (orders->at ? number != orders->at : 0) return NOTHING;
    if (!orders->at) {
        uint64_t x = __sync_add_and_fetch(&orders->chance, 0x9E3779B97F4A7C15);
        x ^= x >> 30, x *= 0xBF58476D1CE4E5B9, x ^= x >> 27, x *= 0x94D049BB133111EB, x ^= x >> 31;
        if ((int64_t)(x % 1000000) >= orders->per_million) return NOTHING;
    }
    __sync_fetch_and_add(&orders->struck, 1);
    if (orders->action == KILL_BEFORE) die();
    errno = (int)orders->error;
    return (int)orders->action;
}

/* One entry of the trace: kind, inode, offset, lengths, then the texts. */
static void record(char what, uint64_t inode, int64_t offset, const void *data, size_t length) {
    struct { int64_t what, inode, offset, length; } head = {what, (int64_t)inode, offset, (int64_t)length};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, length}};
    syscall(SYS_writev, trace, parts, 2);
}

static uint64_t inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) ? 0 : found.st_ino;
}

#define TRACED(file) (trace >= 0 && (file) && (file) != SHARED && (file) != OTHER)

static int opened(int fd, int file, const char *path, int existed, int flags) {
    if (fd >= 0 && fd < (int)sizeof seen_as) {
        seen_as[fd] = (char)file;
        if (TRACED(file)) record(existed ? 'O' : 'C', inode_of(fd), flags & O_TRUNC ? 1 : 0, path, strlen(path));
    }
    return fd;
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    int file = kind_of(path);
    if (!file) {
        int fd = syscall(SYS_openat, folder, path, flags, mode);
        if (fd >= 0 && fd < (int)sizeof seen_as) seen_as[fd] = 0;
        return fd;
    }
    if (strike(OPEN, file) == FAIL) return -1;
    if (TRACED(file)) pthread_mutex_lock(&lock);
    int existed = !access(path, F_OK);
    int fd = opened(syscall(SYS_openat, folder, path, flags, mode), file, path, existed, flags);
    if (TRACED(file)) pthread_mutex_unlock(&lock);
    return fd;
}

#define OPENS(name)                                        \
    int name(const char *path, int flags, ...) {           \
        va_list rest;                                      \
        va_start(rest, flags);                             \
        mode_t mode = va_arg(rest, mode_t);                \
        va_end(rest);                                      \
        return open_at(AT_FDCWD, path, flags, mode);       \
    }
OPENS(open)
OPENS(open64)

int openat(int folder, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_at(folder, path, flags, mode);
}

int close(int fd) {
    if (fd >= 0 && fd < (int)sizeof seen_as) seen_as[fd] = 0;
    return syscall(SYS_close, fd);
}

/* Whether the disk has room for this write; takes it. */
static int fits(int fd, size_t length, int64_t offset) {
    struct stat found;
    if (orders->space < 0 || fstat(fd, &found)) return 1;
    int64_t grows = offset + (int64_t)length - found.st_size;
    if (grows <= 0) return 1;
    return __sync_sub_and_fetch(&orders->space, grows) >= 0 || (__sync_add_and_fetch(&orders->space, grows), 0);
}

static ssize_t written(int fd, const void *data, size_t length, int64_t offset, int placed) {
    int file = kind(fd);
    int64_t at = offset;
    if (file && !placed) {  /* our own files are appended to, or written once from where they are */
        at = lseek(fd, 0, SEEK_CUR);
        struct stat found;
        if ((fcntl(fd, F_GETFL) & O_APPEND) && !fstat(fd, &found)) at = found.st_size;
    }
    int how = strike(WRITE, file);
    if (how == FAIL) return -1;
    if (how == SHORT || how == KILL_INSIDE) length = length > 1 ? length / 2 : length;
    if (file && !fits(fd, length, at)) {
        errno = ENOSPC;
        return -1;
    }
    int traced = TRACED(file);
    if (traced) pthread_mutex_lock(&lock);
    ssize_t done = placed ? syscall(SYS_pwrite64, fd, data, length, offset) : syscall(SYS_write, fd, data, length);
    if (traced && done > 0) record(file == ACKS ? 'N' : 'W', inode_of(fd), at, data, (size_t)done);
    if (traced) pthread_mutex_unlock(&lock);
    if (how == KILL_INSIDE || how == KILL_AFTER) die();
    return done;
}

ssize_t write(int fd, const void *data, size_t length) { return written(fd, data, length, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return written(fd, data, length, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return written(fd, data, length, at, 1); }

static ssize_t got(int fd, void *data, size_t length, int64_t offset, int placed) {
    if (strike(READ, kind(fd)) == FAIL) return -1;
    return placed ? syscall(SYS_pread64, fd, data, length, offset) : syscall(SYS_read, fd, data, length);
}

ssize_t read(int fd, void *data, size_t length) { return got(fd, data, length, 0, 0); }
ssize_t pread(int fd, void *data, size_t length, off_t at) { return got(fd, data, length, at, 1); }
ssize_t pread64(int fd, void *data, size_t length, off64_t at) { return got(fd, data, length, at, 1); }

static int synced(int fd, int number) {
    int file = kind(fd), how = strike(SYNC, file), traced = TRACED(file);
    int failed = how == FAIL, error = errno;
    if (traced) pthread_mutex_lock(&lock);
    int answer = failed ? -1 : (int)syscall(number, fd);
    if (traced) record('S', inode_of(fd), answer, "", 0);
    if (traced) pthread_mutex_unlock(&lock);
    if (how >= KILL_INSIDE && how <= KILL_AFTER) die();
    if (failed) errno = error;
    return answer;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int truncated(int fd, int64_t size) {
    int file = kind(fd), how = strike(TRUNCATE, file), traced = TRACED(file);
    if (how == FAIL) return -1;
    if (traced) pthread_mutex_lock(&lock);
    int answer = syscall(SYS_ftruncate, fd, size);
    if (traced && !answer) record('T', inode_of(fd), size, "", 0);
    if (traced) pthread_mutex_unlock(&lock);
    if (how == KILL_INSIDE || how == KILL_AFTER) die();
    return answer;
}

int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncated(fd, size); }

int unlink(const char *path) {
    int file = kind_of(path), how = strike(UNLINK, file), traced = TRACED(file);
    if (how == FAIL) return -1;
    if (traced) pthread_mutex_lock(&lock);
    int answer = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (traced && !answer) record('U', 0, 0, path, strlen(path));
    if (traced) pthread_mutex_unlock(&lock);
    if (how == KILL_INSIDE || how == KILL_AFTER) die();
    return answer;
}

int rename(const char *from, const char *to) {
    int file = kind_of(to), how = strike(RENAME, file), traced = TRACED(file);
    if (how == FAIL) return -1;
    if (traced) pthread_mutex_lock(&lock);
    int answer = syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    if (traced && !answer) {
        char both[8192];
        size_t a = strlen(from), b = strlen(to);
        memcpy(both, from, a + 1), memcpy(both + a + 1, to, b);
        record('R', 0, 0, both, a + 1 + b);
    }
    if (traced) pthread_mutex_unlock(&lock);
    if (how == KILL_INSIDE || how == KILL_AFTER) die();
    return answer;
}
