// Sockets, epoll, eventfd, signalfd and dlopen for Swift. Thin wrappers: each returns -errno on
// failure (EINTR is retried) and decides nothing. The bodies are in CNetwork.c, because _GNU_SOURCE
// in a header changes types that Swift's Glibc module has seen without it.
#ifndef BASALT_CNETWORK_H
#define BASALT_CNETWORK_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// One readiness report, without the packed union of struct epoll_event.
typedef struct {
    uint64_t token;
    uint32_t events;
} cnet_event;

// What getaddrinfo could not find; outside the range of errno.
#define CNET_UNRESOLVED 4096

const char *_Nonnull cnet_error_text(int error);
uint64_t cnet_monotonic_nanoseconds(void);
void cnet_close(int descriptor);
void cnet_ignore_broken_pipe(void);
uint64_t cnet_current_thread(void);
int cnet_epoll_create(void);
int cnet_epoll_change(int epoll, int call, int descriptor, uint32_t events, uint64_t token);
int cnet_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int cnet_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t token);
int cnet_epoll_remove(int epoll, int descriptor);
// Waits up to `milliseconds` (-1: for ever); an interrupted wait reports nothing.
int cnet_epoll_wait(int epoll, cnet_event *_Nonnull into, int limit, int milliseconds);
int cnet_wakeup_create(void);
void cnet_wakeup_signal(int descriptor);
void cnet_wakeup_drain(int descriptor);
// Keeps the signals from their default action in this thread and those it starts afterwards.
int cnet_signals_block(const int *_Nonnull signals, int count);
int cnet_signals_open(const int *_Nonnull signals, int count);
// The number of the next pending signal, or -errno.
int cnet_signals_read(int descriptor);
// Opens a listening socket on the first address of `host` that takes it.
int cnet_listen(const char *_Nullable host, int port, int backlog);
int cnet_local_port(int descriptor);
// Accepts one connection; writes the peer as `address:port` into `peer` (at least 64 bytes).
int cnet_accept(int listener, char *_Nonnull peer, size_t size);
ssize_t cnet_receive(int descriptor, void *_Nonnull into, size_t size);
ssize_t cnet_send(int descriptor, const void *_Nonnull bytes, size_t size);
int cnet_shutdown_writing(int descriptor);
// The error a socket has pending (0: none).
int cnet_pending_error(int descriptor);
// Waits until the descriptor has one of `events` (POLLIN, POLLOUT): 1 yes, 0 time is up.
int cnet_wait(int descriptor, short events, int milliseconds);
// Connects a non-blocking socket to the first address of `host` that answers in time.
int cnet_connect(const char *_Nonnull host, int port, int milliseconds);
// Writes all bytes to standard output (1) or error (2), or as many as it takes.
void cnet_console_write(int descriptor, const void *_Nonnull bytes, size_t size);
// The entry of the environment at `index` as `NAME=value`, or null after the last.
const char *_Nullable cnet_environment_entry(int index);
// A shared library by its soname, or null.
void *_Nullable cnet_library_open(const char *_Nonnull soname);
void *_Nullable cnet_library_symbol(void *_Nonnull library, const char *_Nonnull name);

// zlib's z_stream, whose layout its binary interface fixes.
typedef struct {
    const uint8_t *_Nullable next_in;
    unsigned avail_in;
    unsigned long total_in;
    uint8_t *_Nullable next_out;
    unsigned avail_out;
    unsigned long total_out;
    const char *_Nullable message;
    void *_Nullable state, *_Nullable allocate, *_Nullable release, *_Nullable context;
    int data_type;
    unsigned long checksum, reserved;
} cnet_zlib_stream;

// zstd's ZSTD_inBuffer and ZSTD_outBuffer.
typedef struct {
    const void *_Nullable start;
    size_t size, position;
} cnet_zstd_input;

typedef struct {
    void *_Nullable start;
    size_t size, position;
} cnet_zstd_output;
#endif
