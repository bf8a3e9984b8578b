#include "harness/peer/render.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/tap/tap.h"

// Compares what every peer of the tree is given with harness/tests/peer/golden/PEER-CASE-SIDE/.
// After a wanted change: IKELAB_WRITE_GOLDEN=1 build/check/harness/tests/peer/render_test

enum { PATH_SIZE = 1024, LABEL_SIZE = 128, TEXT_SIZE = 16 * 1024 };

static const char golden_folder[] = "harness/tests/peer/golden";
static char scratch[] = "/tmp/ikelab-render-XXXXXX";

static const char plain_text[] = "intent tunnel {\n"
                                 "    ike   aes128gcm16-prfsha256-x25519\n"
                                 "    esp   aes128gcm16\n"
                                 "    auth  psk\n"
                                 "    id    west fqdn west.example.test\n"
                                 "    id    east fqdn east.example.test\n"
                                 "    ts    west-lan === east-lan\n"
                                 "    life  child 1h  ike 4h\n"
                                 "    dpd   off\n"
                                 "}\n";

// Everything that differs: lists, IPv6, quotes, a side of its own, no lifetimes.
static const char rich_text[] =
    "intent tunnel {\n"
    "    ike   aes256-sha384-prfsha384-ecp384 | chacha20poly1305-prfsha256-x25519\n"
    "    esp   aes256-sha256 | aes256gcm16\n"
    "    auth  psk \"a \\\"quoted\\\" secret\"\n"
    "    psk   east \"another \\\\ one\"\n"
    "    id    east email east@example.test\n"
    "    ts    west-lan west-lan6 === east-lan east-lan6\n"
    "    dpd   10s\n"
    "    over  ipv6\n"
    "}\n";

static bool read_file(const char *path, char *out_text)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    const size_t size = fread(out_text, 1, TEXT_SIZE - 1, file);
    out_text[size] = '\0';
    return fclose(file) == 0;
}

static void write_golden(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (file != NULL) {
        (void)fputs(text, file);
        (void)fclose(file);
    }
}

static void compare_file(const char *name, const char *label)
{
    char path[PATH_SIZE];
    char *got = calloc(1, TEXT_SIZE);
    char *wanted = calloc(1, TEXT_SIZE);
    (void)snprintf(path, sizeof(path), "%s/%s", scratch, name);
    const bool is_there = got != NULL && wanted != NULL && read_file(path, got);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/%s", golden_folder, label);
    if (is_there && getenv("IKELAB_WRITE_GOLDEN") != NULL) {
        (void)mkdir(golden_folder, 0755);
        (void)mkdir(path, 0755);
        (void)snprintf(path, sizeof(path), "%s/%s/%s", golden_folder, label, name);
        write_golden(path, got);
    }
    (void)snprintf(path, sizeof(path), "%s/%s/%s", golden_folder, label, name);
    ok(is_there && read_file(path, wanted) && strcmp(got, wanted) == 0, "%s/%s", label, name);
    free(got);
    free(wanted);
}

static void compare_all(const char *label)
{
    struct dirent **entries = NULL;
    const int count = scandir(scratch, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            compare_file(entries[i]->d_name, label);
        }
        free(entries[i]);
    }
    free(entries);
}

static bool read_intent(const char *text, const struct scenario_topology *topology,
                        struct intent *out_intent)
{
    struct block_fault fault = {0};
    struct block_document *document = block_document_parse(
        (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)}, &fault);
    const bool is_read =
        document != NULL && intent_read(block_document_root(document)->statements, topology, NULL,
                                        "ikelab-0123456789abcdef", out_intent, &fault);
    if (!is_read) {
        note("line %u: %s", fault.line, fault.message);
    }
    block_document_free(document);
    return is_read;
}

static void renders(const struct peer_manifest *manifest, const char *name, const char *text,
                    const struct scenario_topology *topology)
{
    static const char *const sides[] = {"west", "east"};
    struct intent *intent = calloc(1, sizeof(*intent));
    const bool is_read = intent != NULL && read_intent(text, topology, intent);
    ok(is_read, "%s: the intent '%s' is read", manifest->name, name);
    for (int i = 0; is_read && i < INTENT_SIDES; i++) {
        char label[LABEL_SIZE];
        struct block_fault fault = {0};
        (void)snprintf(label, sizeof(label), "%.40s-%.40s-%s", manifest->name, name, sides[i]);
        ok(render_config(manifest, intent, (enum scenario_side)i, "/work/side", scratch, &fault) ==
               RENDER_DONE,
           "%s renders%s%s", label, fault.message[0] == '\0' ? "" : ": ", fault.message);
        compare_all(label);
    }
    free(intent);
}

static void renders_every_peer(const char *name)
{
    char folder[PATH_SIZE];
    struct peer_manifest manifest;
    struct block_fault fault = {0};
    const struct scenario_topology plain = {0};
    const struct scenario_topology west_nat = {.west_nat = true};
    (void)snprintf(folder, sizeof(folder), "harness/peers/%s", name);
    if (!ok(manifest_load(folder, &manifest, &fault), "%s loads", folder)) {
        return;
    }
    renders(&manifest, "plain", plain_text, &plain);
    renders(&manifest, "rich", rich_text, &west_nat);
    manifest_clear(&manifest);
}

static void refuses(const struct peer_manifest *manifest, const char *text,
                    enum render_result result, const char *message)
{
    struct block_fault fault = {0};
    const struct scenario_topology topology = {0};
    struct intent *intent = calloc(1, sizeof(*intent));
    if (!ok(intent != NULL && read_intent(text, &topology, intent) &&
                render_config(manifest, intent, SIDE_WEST, "/work/side", scratch, &fault) ==
                    result &&
                strcmp(fault.message, message) == 0,
            "%s", message)) {
        note("got %s", fault.message);
    }
    free(intent);
}

static void refuses_what_the_peer_cannot(void)
{
    struct peer_manifest manifest;
    struct block_fault fault = {0};
    if (!ok(manifest_load("harness/tests/peer/limited", &manifest, &fault), "limited loads")) {
        note("line %u: %s", fault.line, fault.message);
        return;
    }
    refuses(&manifest,
            "intent t {\nike aes128-prfsha256-modp2048\nesp aes128\nts west-lan === east-lan\n}",
            RENDER_UNSUPPORTED,
            "limited cannot be configured for 'prfsha256': its peer.conf has no spelling of it");
    refuses(&manifest,
            "intent t {\nike aes128-modp2048\nesp aes128 pfs modp2048\nts west-lan === east-lan\n}",
            RENDER_UNSUPPORTED, "limited answers 'child.pfs' with no");
    refuses(&manifest, "intent t {\nike aes128-modp2048\nesp aes128\nts west-lan === east-lan\n}",
            RENDER_BROKEN, "limited.conf.tmpl:2: unknown name 'colour'");
    manifest_clear(&manifest);
}

int main(void)
{
    if (mkdtemp(scratch) == NULL) {
        return 1;
    }
    renders_every_peer("refgw");
    renders_every_peer("strongswan");
    refuses_what_the_peer_cannot();
    (void)rmdir(scratch);
    return done_testing();
}
