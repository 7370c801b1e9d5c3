// What Swift's Glibc module cannot reach: Linux calls behind _GNU_SOURCE and CPU instructions.
// Thin wrappers only: each returns -errno on failure, and decides nothing. EINTR is retried by the
// caller, except where the call leaves no doubt that repeating it is harmless.
//
// The bodies are in CPlatform*.c: glibc's headers arrive in Swift as a module that was built
// without _GNU_SOURCE, so an inline body here would not see half of the calls.
#ifndef CPLATFORM_H
#define CPLATFORM_H
// Never define _GNU_SOURCE in a header: fd_set would differ from the one in the modules of Glibc,
// Dispatch and Foundation, and no file could import those beside us. Package.swift defines it for
// the C files.
#include "CNetwork.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

// Files.

enum basalt_open_flags {
    BASALT_OPEN_READ = 0,
    BASALT_OPEN_READ_WRITE = 1,
    BASALT_OPEN_CREATE = 2,    // may exist already
    BASALT_OPEN_EXCLUSIVE = 4, // with CREATE: must not exist yet
    BASALT_OPEN_DIRECTORY = 8,
    BASALT_OPEN_FOLLOW = 16,   // a symbolic link as the last part is followed
};

struct basalt_file_info {
    uint64_t device, inode, links;
    int64_t size;
    int64_t birth; // nanoseconds since 1970 when the file was made; 0 where nobody knows
    uint32_t mode; // type and permissions as stat has them
};

int32_t basalt_open(const char *_Nonnull path, int32_t flags, uint32_t mode);
int32_t basalt_close(int32_t fd);
int64_t basalt_pread(int32_t fd, void *_Nonnull bytes, size_t count, int64_t offset);
int64_t basalt_pwrite(int32_t fd, const void *_Nonnull bytes, size_t count, int64_t offset);
// Gives the empty file `fd` the bytes of another by sharing its blocks.
int32_t basalt_share_blocks(int32_t fd, int32_t from);
int32_t basalt_ftruncate(int32_t fd, int64_t length);
int32_t basalt_fsync(int32_t fd);
int32_t basalt_fdatasync(int32_t fd);
int32_t basalt_syncfs(int32_t fd);
// Starts to write dirty pages and waits for nothing; makes nothing durable.
int32_t basalt_begin_writeback(int32_t fd, int64_t offset, int64_t count);
int32_t basalt_finish_writeback(int32_t fd, int64_t offset, int64_t count);
int32_t basalt_fstat(int32_t fd, struct basalt_file_info *_Nonnull info);
int32_t basalt_lstat(const char *_Nonnull path, struct basalt_file_info *_Nonnull info);
int32_t basalt_flock(int32_t fd, int32_t exclusive); // never waits
int64_t basalt_free_bytes(const char *_Nonnull path);
int64_t basalt_file_system_type(const char *_Nonnull path); // f_type of statfs
int64_t basalt_total_bytes(const char *_Nonnull path);
void *_Nullable basalt_map(int32_t fd, size_t length, int32_t *_Nonnull error);
/* Lets threads survive pages of registered mappings that cannot be read; see MappedFiles. */
int32_t basalt_mapping_watch(void);
/* Returns a slot, or -1 when all are taken. */
int32_t basalt_mapping_add(const void *_Nonnull start, size_t length);
void basalt_mapping_remove(int32_t slot);
/* The slot that this thread could not read since the last call, or -1. */
int32_t basalt_mapping_take_fault(void);
/* Faults of all threads so far. */
uint64_t basalt_mapping_fault_count(void);
/* How many there were after the last one in the mapping; 0 when all its pages could be read. */
uint64_t basalt_mapping_last_fault(int32_t slot);
int32_t basalt_unmap(void *_Nonnull start, size_t length);

int32_t basalt_rename(const char *_Nonnull from, const char *_Nonnull to, int32_t replacing);
int32_t basalt_link(const char *_Nonnull from, const char *_Nonnull to);
int32_t basalt_unlink(const char *_Nonnull path);
int32_t basalt_mkdir(const char *_Nonnull path, uint32_t mode);
int32_t basalt_rmdir(const char *_Nonnull path);
int32_t basalt_chmod(const char *_Nonnull path, uint32_t mode);

struct basalt_directory;
struct basalt_directory *_Nullable basalt_directory_open(
    const char *_Nonnull path, int32_t *_Nonnull error);
// Returns the length of the next name, 0 at the end, -errno on failure.
int64_t basalt_directory_next(
    struct basalt_directory *_Nonnull directory, char *_Nonnull name, size_t capacity);
void basalt_directory_close(struct basalt_directory *_Nonnull directory);

// Clock, chance, process.

int64_t basalt_realtime_microseconds(void);
uint64_t basalt_monotonic_nanoseconds(void);
void basalt_wait_nanoseconds(uint64_t nanoseconds); // a signal may end it early
int64_t basalt_getrandom(void *_Nonnull bytes, size_t count);
int32_t basalt_raise_file_limit(void);
int32_t basalt_process_id(void);
uint32_t basalt_user_id(void);
int32_t basalt_core_count(void); // cores this process may run on
int64_t basalt_memory_bytes(void);
int64_t basalt_host_name(char *_Nonnull name, size_t capacity);
const char *_Nullable basalt_environment(const char *_Nonnull name);

// Threads: a mutex with its condition, and detached named threads.

struct basalt_monitor;
struct basalt_monitor *_Nullable basalt_monitor_make(void);
void basalt_monitor_free(struct basalt_monitor *_Nonnull monitor);
void basalt_monitor_lock(struct basalt_monitor *_Nonnull monitor);
void basalt_monitor_unlock(struct basalt_monitor *_Nonnull monitor);
void basalt_monitor_wait(struct basalt_monitor *_Nonnull monitor);
// Waits until signalled or until `nanoseconds` have passed.
void basalt_monitor_wait_for(struct basalt_monitor *_Nonnull monitor, uint64_t nanoseconds);
void basalt_monitor_signal(struct basalt_monitor *_Nonnull monitor);
void basalt_monitor_broadcast(struct basalt_monitor *_Nonnull monitor);

// Lets the calling thread run, from now on, only when few others want to.
void basalt_lower_priority(int32_t by);
int32_t basalt_thread_start(
    const char *_Nonnull name, size_t stack_bytes, void (*_Nonnull body)(void *_Nullable),
    void *_Nullable context);
void basalt_thread_exit(void) __attribute__((noreturn));

// Checksums.

// Continues a CRC32C; start with 0.
uint32_t basalt_crc32c(uint32_t seed, const void *_Nonnull bytes, size_t count);
// The same without CPU instructions: the fallback, and what tests compare with.
uint32_t basalt_crc32c_table(uint32_t seed, const void *_Nonnull bytes, size_t count);
uint64_t basalt_xxh64(uint64_t seed, const void *_Nonnull bytes, size_t count);
#endif
