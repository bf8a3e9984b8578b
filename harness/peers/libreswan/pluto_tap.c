// pluto_tap.c - loaded into pluto before NSS and libc: writes down the keys of IKE SAs and their
// SPIs, which pluto tells nowhere else.
//
// `ctl fetch` compiles it. The lines go to the file named by PLUTO_TAP, one write each:
//
//   RANDOM HEX                        a nonce or SPI that pluto made
//   KEYMAT KEY SEED BYTES             prf+ gave BYTES from Ni | Nr | SPIi | SPIr (RFC 7296, 2.14)
//   PART KEY OFFSET SIZE USE          a part of them, and the NSS mechanism it is meant for
//   SENT HEX                          header of an IKE message, with the sender's flags
//
// The declarations are NSS's public interface, so that its headers need not be there.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum {
    IKE_HEADER_SIZE = 28,
    MARKER_SIZE = 4, // before an IKE header on port 4500, RFC 3948, section 2.2
    MOST_BYTES = 1024,
    MOST_RANDOM = 256,
    BITS_PER_BYTE = 8,
    IPV4 = 2,  // AF_INET
    IPV6 = 10, // AF_INET6
};

typedef struct PK11SymKeyStr key_handle;
typedef unsigned long mechanism;

static const mechanism extract_part = 0x365;                          // CKM_EXTRACT_KEY_FROM_KEY
static const mechanism prf_plus = (0x80000000UL | 0x4e534350UL) + 34; // CKM_NSS_IKE_PRF_PLUS_DERIVE

struct sec_item {
    int type;
    unsigned char *data;
    unsigned size;
};

// CK_NSS_IKE_PRF_PLUS_DERIVE_PARAMS
struct prf_plus_parameters {
    mechanism prf;
    unsigned char has_seed_key;
    unsigned long seed_key;
    unsigned char *seed;
    unsigned long seed_size;
};

typedef key_handle *derive_function(key_handle *base, mechanism how, struct sec_item *parameters,
                                    mechanism target, unsigned long operation, int size,
                                    unsigned long flags);
typedef int random_function(unsigned char *data, int size);
typedef int extract_function(key_handle *key);
typedef struct sec_item *data_function(key_handle *key);
typedef mechanism mechanism_function(key_handle *key);
// What every socket address begins with; <sys/socket.h> would declare sendto() in its own way.
struct any_address {
    unsigned short family;
};
typedef ssize_t send_function(int socket, const void *data, size_t size, int flags,
                              const struct any_address *to, unsigned to_size);

derive_function PK11_DeriveWithFlags;
random_function PK11_GenerateRandom;
send_function sendto;

// Finds the function that was meant before this library came between. A pointer to a function and
// one to data have the same form wherever there is dlsym().
static void find(const char *name, void *out_function)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        abort(); // another NSS than the one this was written for
    }
    memcpy(out_function, &function, sizeof(function));
}

static size_t put_hex(char *text, size_t used, const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        used += (size_t)snprintf(text + used, 3, "%02x", (unsigned)data[i]);
    }
    return used;
}

// Appends one line. Several of pluto's threads may do so at once: O_APPEND keeps lines whole.
static void put_line(const char *text, size_t size)
{
    const char *path = getenv("PLUTO_TAP");
    const int file =
        path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        (void)!write(file, text, size);
        (void)close(file);
    }
}

static void put_bytes(const char *word, const unsigned char *data, size_t size)
{
    char text[MOST_RANDOM * 2 + 32];
    size_t used = (size_t)snprintf(text, sizeof(text), "%s ", word);
    used = put_hex(text, used, data, size);
    text[used++] = '\n';
    put_line(text, used);
}

static void put_keymat(key_handle *key, const struct prf_plus_parameters *parameters)
{
    char text[MOST_BYTES * 4 + 64];
    extract_function *extract = NULL;
    data_function *data = NULL;
    find("PK11_ExtractKeyValue", &extract);
    find("PK11_GetKeyData", &data);
    if (extract(key) != 0) {
        return;
    }
    const struct sec_item *bytes = data(key);
    if (bytes->size > MOST_BYTES || parameters->seed_size > MOST_BYTES) {
        return;
    }
    size_t used = (size_t)snprintf(text, sizeof(text), "KEYMAT %p ", (void *)key);
    used = put_hex(text, used, parameters->seed, parameters->seed_size);
    text[used++] = ' ';
    used = put_hex(text, used, bytes->data, bytes->size);
    text[used++] = '\n';
    put_line(text, used);
}

static void put_part(key_handle *base, const struct sec_item *parameters, mechanism target,
                     int size)
{
    char text[128];
    unsigned long offset = 0;
    memcpy(&offset, parameters->data, sizeof(offset));
    const int used = snprintf(text, sizeof(text), "PART %p %lu %d %lx\n", (void *)base,
                              offset / BITS_PER_BYTE, size, target);
    put_line(text, (size_t)used);
}

// NSS's own number of parameters.
// NOLINTNEXTLINE(readability-function-size)
key_handle *PK11_DeriveWithFlags(key_handle *base, mechanism how, struct sec_item *parameters,
                                 mechanism target, unsigned long operation, int size,
                                 unsigned long flags)
{
    derive_function *derive = NULL;
    mechanism_function *mechanism_of = NULL;
    find("PK11_DeriveWithFlags", &derive);
    find("PK11_GetMechanism", &mechanism_of);
    // Only SKEYSEED is a key for prf+ alone; that of CHILD_SAs starts from SK_d.
    const int is_ike = base != NULL && how == prf_plus && mechanism_of(base) == prf_plus;
    key_handle *key = derive(base, how, parameters, target, operation, size, flags);
    if (key != NULL && is_ike) {
        put_keymat(key, (const struct prf_plus_parameters *)(const void *)parameters->data);
    } else if (key != NULL && how == extract_part && parameters->size == sizeof(unsigned long)) {
        put_part(base, parameters, target, size);
    }
    return key;
}

int PK11_GenerateRandom(unsigned char *data, int size)
{
    random_function *generate = NULL;
    find("PK11_GenerateRandom", &generate);
    const int result = generate(data, size);
    if (result == 0 && size > 0 && size <= MOST_RANDOM) {
        put_bytes("RANDOM", data, (size_t)size);
    }
    return result;
}

// pluto sends nothing but IKE by this call to an Internet address.
ssize_t sendto(int socket, const void *data, size_t size, int flags, const struct any_address *to,
               unsigned to_size)
{
    static const unsigned char marker[MARKER_SIZE];
    send_function *send_it = NULL;
    const unsigned char *header = data;
    size_t left = size;
    find("sendto", &send_it);
    if (left >= MARKER_SIZE && memcmp(header, marker, MARKER_SIZE) == 0) {
        header += MARKER_SIZE;
        left -= MARKER_SIZE;
    }
    if (left >= IKE_HEADER_SIZE && to != NULL && (to->family == IPV4 || to->family == IPV6)) {
        put_bytes("SENT", header, IKE_HEADER_SIZE);
    }
    return send_it(socket, data, size, flags, to, to_size);
}
