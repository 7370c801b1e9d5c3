#include "CPlatform.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define RESULT(expression) ((expression) < 0 ? -errno : 0)

int32_t basalt_open(const char *path, int32_t flags, uint32_t mode) {
    // A pipe that somebody put in the place of a file must not keep us waiting for its writer.
    int native = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    native |= flags & BASALT_OPEN_READ_WRITE ? O_RDWR : O_RDONLY;
    if (flags & BASALT_OPEN_CREATE) native |= O_CREAT;
    if (flags & BASALT_OPEN_EXCLUSIVE) native |= O_EXCL;
    if (flags & BASALT_OPEN_DIRECTORY) native |= O_DIRECTORY;
    if (!(flags & BASALT_OPEN_FOLLOW)) native |= O_NOFOLLOW;
    int fd = open(path, native, (mode_t)mode);
    return fd < 0 ? -errno : fd;
}

int32_t basalt_close(int32_t fd) { return RESULT(close(fd)); }

int64_t basalt_pread(int32_t fd, void *bytes, size_t count, int64_t offset) {
    ssize_t done = pread(fd, bytes, count, offset);
    return done < 0 ? -errno : done;
}

int64_t basalt_pwrite(int32_t fd, const void *bytes, size_t count, int64_t offset) {
    ssize_t done = pwrite(fd, bytes, count, offset);
    return done < 0 ? -errno : done;
}

int32_t basalt_ftruncate(int32_t fd, int64_t length) { return RESULT(ftruncate(fd, length)); }
int32_t basalt_fsync(int32_t fd) { return RESULT(fsync(fd)); }
int32_t basalt_fdatasync(int32_t fd) { return RESULT(fdatasync(fd)); }
int32_t basalt_syncfs(int32_t fd) { return RESULT(syncfs(fd)); }

int32_t basalt_begin_writeback(int32_t fd, int64_t offset, int64_t count) {
    return RESULT(sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE));
}

int32_t basalt_finish_writeback(int32_t fd, int64_t offset, int64_t count) {
    return RESULT(sync_file_range(fd, offset, count,
                                  SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                      SYNC_FILE_RANGE_WAIT_AFTER));
}

// As linux/fs.h has it, which does not go together with the headers of the C library everywhere.
#ifndef FICLONE
#define FICLONE _IOW(0x94, 9, int)
#endif

int32_t basalt_share_blocks(int32_t fd, int32_t from) { return RESULT(ioctl(fd, FICLONE, from)); }

static void fill(struct basalt_file_info *info, const struct stat *from) {
    info->device = from->st_dev;
    info->inode = from->st_ino;
    info->links = from->st_nlink;
    info->size = from->st_size;
    info->mode = from->st_mode;
    info->birth = 0;
}

int32_t basalt_fstat(int32_t fd, struct basalt_file_info *info) {
    struct stat found;
    if (fstat(fd, &found) < 0) return -errno;
    fill(info, &found);
    return 0;
}

int32_t basalt_lstat(const char *path, struct basalt_file_info *info) {
    struct statx known;
    // A sandbox may refuse statx; then there is lstat, which knows no birth.
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &known) == 0) {
        info->device = makedev(known.stx_dev_major, known.stx_dev_minor);
        info->inode = known.stx_ino;
        info->links = known.stx_nlink;
        info->size = (int64_t)known.stx_size;
        info->mode = known.stx_mode;
        int hasBirth = (known.stx_mask & STATX_BTIME) != 0;
        info->birth = hasBirth ? known.stx_btime.tv_sec * 1000000000LL + known.stx_btime.tv_nsec : 0;
        return 0;
    }
    if (errno != ENOSYS && errno != EPERM) return -errno;
    struct stat found;
    if (lstat(path, &found) < 0) return -errno;
    fill(info, &found);
    return 0;
}

int32_t basalt_flock(int32_t fd, int32_t exclusive) {
    return RESULT(flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB));
}

int64_t basalt_free_bytes(const char *path) {
    struct statvfs found;
    if (statvfs(path, &found) < 0) return -errno;
    return (int64_t)(found.f_bavail * found.f_frsize);
}

int64_t basalt_file_system_type(const char *path) {
    struct statfs found;
    if (statfs(path, &found) < 0) return -errno;
    return (int64_t)(uint32_t)found.f_type;
}

int64_t basalt_total_bytes(const char *path) {
    struct statvfs found;
    if (statvfs(path, &found) < 0) return -errno;
    return (int64_t)(found.f_blocks * found.f_frsize);
}

void *basalt_map(int32_t fd, size_t length, int32_t *error) {
    void *start = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
    *error = start == MAP_FAILED ? errno : 0;
    return start == MAP_FAILED ? NULL : start;
}

int32_t basalt_unmap(void *start, size_t length) { return RESULT(munmap(start, length)); }

int32_t basalt_rename(const char *from, const char *to, int32_t replacing) {
    if (replacing) return RESULT(rename(from, to));
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -errno;
    // File systems without the flag (NFS): a link never replaces, and a directory has no link.
    struct stat found;
    if (lstat(from, &found) < 0) return -errno;
    if (S_ISDIR(found.st_mode)) {
        if (lstat(to, &found) == 0) return -EEXIST;
        return RESULT(rename(from, to));
    }
    if (link(from, to) < 0) return -errno;
    return RESULT(unlink(from));
}

int32_t basalt_link(const char *from, const char *to) { return RESULT(link(from, to)); }
int32_t basalt_unlink(const char *path) { return RESULT(unlink(path)); }
int32_t basalt_mkdir(const char *path, uint32_t mode) { return RESULT(mkdir(path, mode)); }
int32_t basalt_rmdir(const char *path) { return RESULT(rmdir(path)); }
int32_t basalt_chmod(const char *path, uint32_t mode) { return RESULT(chmod(path, mode)); }

struct basalt_directory *basalt_directory_open(const char *path, int32_t *error) {
    DIR *directory = opendir(path);
    *error = directory ? 0 : errno;
    return (struct basalt_directory *)directory;
}

int64_t basalt_directory_next(struct basalt_directory *directory, char *name, size_t capacity) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir((DIR *)directory);
        if (!entry) return -errno;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        size_t length = strlen(entry->d_name);
        if (length > capacity) return -ENAMETOOLONG;
        memcpy(name, entry->d_name, length);
        return (int64_t)length;
    }
}

void basalt_directory_close(struct basalt_directory *directory) { closedir((DIR *)directory); }
