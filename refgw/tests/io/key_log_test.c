// key_log_test.c - lines as docs/LAB.md wants them, in a file for its owner only.
#include "refgw/io/key_log.h"

#include "harness/tap/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/refgw-keys-XXXXXX";
static char path[64];

static void set_key(struct secret *secret, uint8_t first, size_t size)
{
    uint8_t bytes[64];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(first + i);
    }
    if (!secret_set(secret, (struct byte_view){bytes, size})) {
        note("out of memory");
    }
}

static bool file_is(const char *wanted)
{
    char got[4096] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    const size_t size = fread(got, 1, sizeof(got) - 1, file);
    (void)fclose(file);
    const bool same = size == strlen(wanted) && strcmp(got, wanted) == 0;
    if (!same) {
        note("got: %s", got);
    }
    return same;
}

static struct key_log open_log(void)
{
    struct key_log log = {.descriptor = -1};
    struct problem problem = {0};
    ok(key_log_open(path, &log, &problem), "opens");
    return log;
}

static void an_ike_sa_with_a_combined_mode_cipher(void)
{
    const struct ike_suite suite = {
        .aead = {.encryption = ENCR_AES_GCM_16, .key_bits = 128}
    };
    struct ike_keys keys = {0};
    struct key_log log = open_log();
    const struct key_log_ike entry = {.initiator_spi = 0xc1a2b3c4d5e6f708U,
                                      .responder_spi = 0x0011223344556677U,
                                      .suite = &suite,
                                      .keys = &keys};
    set_key(&keys.sk_ei, 0x00, 20);
    set_key(&keys.sk_er, 0x80, 20);
    ok(key_log_write_ike(&log, &entry), "writes");
    ok(file_is("IKE c1a2b3c4d5e6f708 0011223344556677 0 0 0 aes128gcm16 "
               "000102030405060708090a0b0c0d0e0f10111213 "
               "808182838485868788898a8b8c8d8e8f90919293 - - -\n"),
       "salts belong to the keys, dashes for integrity");
    ike_keys_clear(&keys);
    key_log_close(&log);
    (void)unlink(path);
}

static void an_ike_sa_with_integrity_and_an_epoch(void)
{
    const struct ike_suite suite = {
        .aead = {.encryption = ENCR_AES_CBC, .key_bits = 256, .integrity = AUTH_HMAC_SHA2_256_128}
    };
    struct ike_keys keys = {0};
    struct key_log log = open_log();
    const struct key_log_ike entry = {.initiator_spi = 1,
                                      .responder_spi = 2,
                                      .epoch = 1,
                                      .first_message_id_i = 2,
                                      .first_message_id_r = 3,
                                      .suite = &suite,
                                      .keys = &keys};
    set_key(&keys.sk_ei, 0x10, 4);
    set_key(&keys.sk_er, 0x20, 4);
    set_key(&keys.sk_ai, 0x30, 4);
    set_key(&keys.sk_ar, 0x40, 4);
    ok(key_log_write_ike(&log, &entry), "writes");
    ok(file_is("IKE 0000000000000001 0000000000000002 1 2 3 aes256 10111213 20212223 sha256 "
               "30313233 40414243\n"),
       "all members in their order");
    ike_keys_clear(&keys);
    key_log_close(&log);
    (void)unlink(path);
}

static void a_child_sa_is_two_lines(void)
{
    struct child_sa sa = {
        .inbound_spi = 0x0ffee01U,
        .outbound_spi = 0xdeadbe02U,
        .aead = {.encryption = ENCR_CHACHA20_POLY1305, .key_bits = 256},
        .has_esn = true,
    };
    struct key_log log = open_log();
    if (!address_parse("192.0.2.1", &sa.path.local.address) ||
        !address_parse("198.51.100.1", &sa.path.remote.address)) {
        note("no addresses");
    }
    set_key(&sa.inbound_encryption_key, 0x01, 3);
    set_key(&sa.outbound_encryption_key, 0xf1, 3);
    ok(key_log_write_child(&log, &sa), "writes");
    ok(file_is("ESP 198.51.100.1 192.0.2.1 00ffee01 chacha20poly1305 010203 - - 1\n"
               "ESP 192.0.2.1 198.51.100.1 deadbe02 chacha20poly1305 f1f2f3 - - 1\n"),
       "inbound: the peer is the source; outbound: we are");
    ok(key_log_write_child(&log, &sa) && !file_is(""), "appends");
    child_sa_clear(&sa);
    key_log_close(&log);
}

// The file of the test before, with a mode that others may read.
static void the_file_becomes_private(void)
{
    struct stat status;
    (void)chmod(path, 0644);
    struct key_log log = open_log();
    ok(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600, "mode 0600 in any case");
    key_log_close(&log);
    (void)unlink(path);
}

static void no_symbolic_link_and_no_folder(void)
{
    struct key_log log = {.descriptor = -1};
    struct problem problem = {0};
    if (symlink("/dev/null", path) != 0) {
        note("no symbolic link");
    }
    ok(!key_log_open(path, &log, &problem), "a symbolic link is refused");
    ok(!key_log_open(folder, &log, &problem), "a folder is refused");
    ok(!key_log_open("/dev/null", &log, &problem), "a device is refused");
    (void)unlink(path);
}

static void without_a_file_nothing_is_written(void)
{
    const struct key_log log = {.descriptor = -1};
    const struct child_sa sa = {0};
    const struct key_log_ike entry = {0};
    ok(key_log_write_child(&log, &sa) && key_log_write_ike(&log, &entry),
       "off: writing does nothing");
}

int main(void)
{
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(path, sizeof(path), "%s/keys", folder);
    an_ike_sa_with_a_combined_mode_cipher();
    an_ike_sa_with_integrity_and_an_epoch();
    a_child_sa_is_two_lines();
    the_file_becomes_private();
    no_symbolic_link_and_no_folder();
    without_a_file_nothing_is_written();
    (void)rmdir(folder);
    return done_testing();
}
