#include "CNetwork.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

const char *_Nonnull cnet_error_text(int error) {
    if (error == CNET_UNRESOLVED) return "name or service not known";
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

uint64_t cnet_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void cnet_close(int descriptor) { close(descriptor); }

void cnet_ignore_broken_pipe(void) { signal(SIGPIPE, SIG_IGN); }

uint64_t cnet_current_thread(void) { return (uint64_t)pthread_self(); }

int cnet_epoll_create(void) {
    int made = epoll_create1(EPOLL_CLOEXEC);
    return made < 0 ? -errno : made;
}

int cnet_epoll_change(int epoll, int call, int descriptor, uint32_t events,
                                    uint64_t token) {
    struct epoll_event event = {.events = events};
    event.data.u64 = token;
    return epoll_ctl(epoll, call, descriptor, &event) < 0 ? -errno : 0;
}

int cnet_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return cnet_epoll_change(epoll, EPOLL_CTL_ADD, descriptor, events, token);
}

int cnet_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return cnet_epoll_change(epoll, EPOLL_CTL_MOD, descriptor, events, token);
}

int cnet_epoll_remove(int epoll, int descriptor) {
    return cnet_epoll_change(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

// Waits up to `milliseconds` (-1: for ever); an interrupted wait reports nothing.
int cnet_epoll_wait(int epoll, cnet_event *_Nonnull into, int limit,
                                  int milliseconds) {
    struct epoll_event ready[256];
    if (limit > 256) limit = 256;
    int count = epoll_wait(epoll, ready, limit, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        into[i].token = ready[i].data.u64;
        into[i].events = ready[i].events;
    }
    return count;
}

int cnet_wakeup_create(void) {
    int made = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return made < 0 ? -errno : made;
}

void cnet_wakeup_signal(int descriptor) {
    uint64_t one = 1;
    while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {}
}

void cnet_wakeup_drain(int descriptor) {
    uint64_t count;
    while (read(descriptor, &count, sizeof count) < 0 && errno == EINTR) {}
}

// Keeps the signals from their default action in this thread and those it starts afterwards.
int cnet_signals_block(const int *_Nonnull signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int cnet_signals_open(const int *_Nonnull signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int made = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return made < 0 ? -errno : made;
}

// The number of the next pending signal, or -errno.
int cnet_signals_read(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count;
    do count = read(descriptor, &info, sizeof info);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count == sizeof info ? (int)info.ssi_signo : -EIO;
}

static int cnet_resolve(const char *_Nullable host, int port, int flags,
                               struct addrinfo *_Nullable *_Nonnull found) {
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    wanted.ai_flags = AI_NUMERICSERV | flags;
    int failed = getaddrinfo(host && host[0] ? host : NULL, service, &wanted, found);
    if (failed == 0) return 0;
    return failed == EAI_SYSTEM ? -errno : -CNET_UNRESOLVED;
}

// Opens a listening socket on the first address of `host` that takes it.
int cnet_listen(const char *_Nullable host, int port, int backlog) {
    struct addrinfo *found = NULL;
    int result = cnet_resolve(host, port, AI_PASSIVE, &found);
    if (result < 0) return result;
    result = -EADDRNOTAVAIL;
    for (struct addrinfo *at = found; at; at = at->ai_next) {
        int made = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (made < 0) { result = -errno; continue; }
        int on = 1;
        setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(made, at->ai_addr, at->ai_addrlen) == 0 && listen(made, backlog) == 0) {
            result = made;
            break;
        }
        result = -errno;
        close(made);
    }
    freeaddrinfo(found);
    return result;
}

int cnet_local_port(int descriptor) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) < 0) return -errno;
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return -EAFNOSUPPORT;
}

// Accepts one connection; writes the peer as `address:port` into `peer` (at least 64 bytes).
int cnet_accept(int listener, char *_Nonnull peer, size_t size) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int made;
    do {
        length = sizeof address;
        made = accept4(listener, (struct sockaddr *)&address, &length,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (made < 0 && errno == EINTR);
    if (made < 0) return -errno;
    int on = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(made, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    char host[INET6_ADDRSTRLEN] = "";
    if (address.ss_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(peer, size, "%s:%d", host, ntohs(in->sin_port));
    } else if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address;
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        snprintf(peer, size, "[%s]:%d", host, ntohs(in->sin6_port));
    } else {
        snprintf(peer, size, "unknown");
    }
    return made;
}

ssize_t cnet_receive(int descriptor, void *_Nonnull into, size_t size) {
    ssize_t count;
    do count = recv(descriptor, into, size, 0);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

ssize_t cnet_send(int descriptor, const void *_Nonnull bytes, size_t size) {
    ssize_t count;
    do count = send(descriptor, bytes, size, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

int cnet_shutdown_writing(int descriptor) {
    return shutdown(descriptor, SHUT_WR) < 0 ? -errno : 0;
}

// The error a socket has pending (0: none).
int cnet_pending_error(int descriptor) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return errno;
    return error;
}

// Waits until the descriptor has one of `events` (POLLIN, POLLOUT): 1 yes, 0 time is up.
int cnet_wait(int descriptor, short events, int milliseconds) {
    struct pollfd one = {.fd = descriptor, .events = events};
    int count;
    do count = poll(&one, 1, milliseconds);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

// Connects a non-blocking socket to the first address of `host` that answers in time.
int cnet_connect(const char *_Nonnull host, int port, int milliseconds) {
    struct addrinfo *found = NULL;
    int result = cnet_resolve(host, port, 0, &found);
    if (result < 0) return result;
    result = -EADDRNOTAVAIL;
    for (struct addrinfo *at = found; at; at = at->ai_next) {
        int made = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (made < 0) { result = -errno; continue; }
        int error = connect(made, at->ai_addr, at->ai_addrlen) < 0 ? errno : 0;
        if (error == EINPROGRESS || error == EINTR) {
            int ready = cnet_wait(made, POLLOUT, milliseconds);
            error = ready < 0 ? -ready : ready == 0 ? ETIMEDOUT : cnet_pending_error(made);
        }
        if (error == 0) {
            int on = 1;
            setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            result = made;
            break;
        }
        result = -error;
        close(made);
    }
    freeaddrinfo(found);
    return result;
}

// A shared library by its soname, or null.
void *_Nullable cnet_library_open(const char *_Nonnull soname) {
    return dlopen(soname, RTLD_NOW | RTLD_LOCAL);
}

void *_Nullable cnet_library_symbol(void *_Nonnull library,
                                                  const char *_Nonnull name) {
    return dlsym(library, name);
}

const char *_Nullable cnet_environment_entry(int index) { return environ[index]; }

void cnet_console_write(int descriptor, const void *_Nonnull bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t count = write(descriptor, at, size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN && cnet_wait(descriptor, POLLOUT, 1000) > 0) continue;
        if (count <= 0) return;
        at += count;
        size -= (size_t)count;
    }
}
