// Preloaded by tests: lets something happen to the file `bad` when it is opened (FAULT=gone) or first read (the others), or
// to the process that reads it: a crash, a hang, a lack of memory.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_bad(const char *path) {
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, "/bad") == 0;
}

static int has(const char *fault) {
    const char *own = getenv("FAULT");
    return own && strcmp(own, fault) == 0;
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    int mode = va_arg(arguments, int);
    va_end(arguments);
    if (is_bad(path) && (flags & O_ACCMODE) == O_RDONLY && has("gone")) unlink(path);
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
    return next(path, flags, mode);
}

ssize_t pread64(int file, void *buffer, size_t count, off64_t offset) {
    static int reads;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    if (is_bad(path) && has("crash")) abort();
    if (is_bad(path) && has("hang")) {
        for (;;) pause();
    }
    if (is_bad(path) && has("memory")) {
        // As a C++ library ends a process that has no more of it.
        for (int i = 0; i < 1 << 16; i++) {
            if (malloc(1 << 24)) continue;
            fputs("terminate called after throwing an instance of 'std::bad_alloc'\n", stderr);
            abort();
        }
    }
    if (is_bad(path) && __sync_fetch_and_add(&reads, 1) == 0) {
        int again = open(path, O_WRONLY | O_APPEND);
        if (has("grows") && write(again, "x", 1) != 1) abort();
        if (has("shrinks") && ftruncate(again, 200) != 0) abort();
        if (has("unlinked")) unlink(path);
        close(again);
    }
    if (is_bad(path) && has("eio") && reads > 2) {
        errno = EIO;
        return -1;
    }
    ssize_t (*next)(int, void *, size_t, off64_t) = (ssize_t(*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64");
    return next(file, buffer, count, offset);
}
