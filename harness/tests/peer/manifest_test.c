#include "harness/peer/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/peer/capability.h"
#include "harness/tap/tap.h"

enum { PATH_SIZE = 256 };

static char folder[PATH_SIZE];

static bool write_manifest(const char *text)
{
    char path[PATH_SIZE + 16];
    (void)snprintf(path, sizeof(path), "%s/peer.conf", folder);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    const bool is_written = fputs(text, file) >= 0;
    return fclose(file) == 0 && is_written;
}

static void rejects(const char *text, unsigned line, const char *message)
{
    struct peer_manifest manifest = {.name = "untouched"};
    struct block_fault fault = {0};
    const bool is_loaded = write_manifest(text) && manifest_load(folder, &manifest, &fault);
    if (!ok(!is_loaded && fault.line == line && strcmp(fault.message, message) == 0 &&
                strcmp(manifest.name, "untouched") == 0,
            "line %u: %s", line, message)) {
        note("got line %u: %s", fault.line, fault.message);
    }
    if (is_loaded) {
        manifest_clear(&manifest);
    }
}

static void reads_every_word(void)
{
    struct peer_manifest manifest;
    struct block_fault fault = {0};
    const bool is_loaded =
        write_manifest("peer probe\nvendor \"A vendor\"\nhomepage https://example.test/\n"
                       "kind uml\nroles initiator responder\n"
                       "keys {\n ike yes via \"a log\"\n esp no\n}\n"
                       "timers {\n start 3s\n ready 1500ms\n operation 7s\n"
                       " retransmit first 500ms factor 180 tries 6\n}\n"
                       "capabilities {\n yes auth.psk ike.x25519\n no esp.plain\n"
                       " unknown child.pfs\n}\n"
                       "map {\n x25519 curve25519\n aes128 \"aes 128\"\n}\n") &&
        manifest_load(folder, &manifest, &fault);
    ok(is_loaded, "a manifest with every word loads");
    if (!is_loaded) {
        note("line %u: %s", fault.line, fault.message);
        return;
    }
    ok(strcmp(manifest.name, "probe") == 0 && strcmp(manifest.vendor, "A vendor") == 0 &&
           strcmp(manifest.homepage, "https://example.test/") == 0 &&
           manifest.kind == PEER_KIND_UML && manifest.can_initiate && manifest.can_respond,
       "name, vendor, homepage, kind and roles");
    ok(manifest.ike_keys.is_exported && strcmp(manifest.ike_keys.via, "a log") == 0 &&
           !manifest.esp_keys.is_exported,
       "keys");
    ok(manifest.timers.start_ms == 3000 && manifest.timers.ready_ms == 1500 &&
           manifest.timers.operation_ms == 7000 && manifest.timers.retransmit_first_ms == 500 &&
           manifest.timers.retransmit_factor_percent == 180 &&
           manifest.timers.retransmit_tries == 6,
       "timers");
    ok(manifest_capability(&manifest, "auth.psk") == PEER_YES &&
           manifest_capability(&manifest, "esp.plain") == PEER_NO &&
           manifest_capability(&manifest, "child.pfs") == PEER_UNKNOWN &&
           manifest_capability(&manifest, "op.roam") == PEER_UNKNOWN,
       "capabilities, and unknown for what is not mentioned");
    ok(strcmp(manifest_spelling(&manifest, "x25519"), "curve25519") == 0 &&
           strcmp(manifest_spelling(&manifest, "aes128"), "aes 128") == 0 &&
           manifest_spelling(&manifest, "aes256") == NULL,
       "spellings, and none for what is not mapped");
    manifest_clear(&manifest);
}

static void rejects_unknown_words(void)
{
    rejects("peer probe\ncolour red\n", 2,
            "unknown word 'colour'; allowed are peer, vendor, homepage, kind, roles, keys, timers, "
            "capabilities, map");
    rejects("peer other\n", 1, "peer 'other' in a folder called 'probe': they must be equal");
    rejects("kind cloud\n", 1, "unknown kind 'cloud'; allowed are netns, uml, remote, manual");
    rejects("roles initiator bystander\n", 1,
            "unknown role 'bystander'; allowed are initiator, responder");
    rejects("keys {\n ipsec yes via x\n}\n", 2, "unknown keys 'ipsec'; allowed are ike, esp");
    rejects("timers {\n patience 3s\n}\n", 2,
            "unknown timer 'patience'; allowed are start, ready, operation, retransmit");
    rejects("capabilities {\n yes auth.pks\n}\n", 2, "unknown capability 'auth.pks'");
    rejects("capabilities {\n yes ike.x25591\n}\n", 2, "unknown capability 'ike.x25591'");
    rejects("capabilities {\n maybe auth.psk\n}\n", 2,
            "a line of capabilities starts with yes, no or unknown, not 'maybe'");
    rejects("map {\n\n x25591 curve25519\n}\n", 3, "unknown algorithm 'x25591'");
}

static void rejects_wrong_forms(void)
{
    rejects("peer\n", 1, "'peer' takes one word");
    rejects("peer a b\n", 1, "'peer' takes one word");
    rejects("keys ike\n", 1, "'keys' takes a block: keys { ... }");
    rejects("keys {\n ike yes\n}\n", 2, "keys are 'ike no' or 'ike yes via \"WHAT\"'");
    rejects("timers {\n start soon\n}\n", 2, "'soon' is not a duration such as 500ms, 4s, 1m");
    rejects("timers {\n start\n}\n", 2, "'start' takes one duration");
    rejects("timers {\n retransmit 500ms\n}\n", 2,
            "retransmission is 'retransmit first 500ms factor 180 tries 6'");
    rejects("timers {\n retransmit first 500ms factor -1 tries 6\n}\n", 2,
            "'-1' is not a number up to 1000");
    rejects("timers {\n retransmit first 500ms factor 180 tries 101\n}\n", 2,
            "'101' is not a number up to 100");
    rejects("capabilities {\n yes auth.psk\n no auth.psk\n}\n", 3,
            "'auth.psk' was answered in line 2 already");
    rejects("map {\n x25519\n}\n", 2, "a line of map is one word of ours and one of the peer's");
    rejects("map {\n x25519 a\n x25519 b\n}\n", 3, "'x25519' is mapped twice");
    rejects("roles initiator\n", 1, "'peer NAME' is missing");
    rejects("peer probe\n", 1, "'roles' is missing");
}

static void loads_the_peers_of_the_tree(void)
{
    static const char *const names[] = {"refgw", "strongswan"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[PATH_SIZE];
        struct peer_manifest manifest;
        struct block_fault fault = {0};
        (void)snprintf(path, sizeof(path), "harness/peers/%s", names[i]);
        const bool is_loaded = manifest_load(path, &manifest, &fault);
        ok(is_loaded && strcmp(manifest.name, names[i]) == 0, "%s", path);
        if (is_loaded) {
            manifest_clear(&manifest);
        } else {
            note("line %u: %s", fault.line, fault.message);
        }
    }
}

static void lists_peers_by_name(void)
{
    char names[8][PEER_NAME_SIZE];
    const size_t count = peer_names("harness/peers", names, 8);
    bool is_sorted = true;
    bool has_refgw = false;
    for (size_t i = 0; i < count; i++) {
        is_sorted = is_sorted && (i == 0 || strcmp(names[i - 1], names[i]) < 0);
        has_refgw = has_refgw || strcmp(names[i], "refgw") == 0;
    }
    ok(count >= 2 && is_sorted && has_refgw, "folders with a peer.conf, sorted");
    ok(peer_names("harness/peers", names, 1) == 1, "no more than there is room for");
    ok(peer_names("/nonexistent", names, 8) == 0, "none in a folder that is not there");
}

static void knows_its_vocabulary(void)
{
    size_t count = 0;
    bool is_known = true;
    for (; capability_at(count) != NULL; count++) {
        is_known = is_known && capability_is_known(capability_at(count));
    }
    ok(count > 20 && is_known, "every listed capability is known");
    ok(capability_is_known("esp.aes128gcm16") && !capability_is_known("esp.") &&
           !capability_is_known("auth.aes128gcm16") && !capability_is_known(""),
       "algorithms are capabilities of ike and esp only");
    ok(algorithm_kind_of("x25519") == ALGORITHM_GROUP &&
           algorithm_kind_of("prfsha256") == ALGORITHM_PRF &&
           algorithm_kind_of("sha256") == ALGORITHM_INTEGRITY &&
           algorithm_kind_of("des") == ALGORITHM_UNKNOWN,
       "algorithm words have a kind");
}

int main(void)
{
    char base[] = "/tmp/ikelab-manifest-XXXXXX";
    if (mkdtemp(base) == NULL) {
        return 1;
    }
    (void)snprintf(folder, sizeof(folder), "%s/probe", base);
    (void)mkdir(folder, 0700);
    reads_every_word();
    rejects_unknown_words();
    rejects_wrong_forms();
    loads_the_peers_of_the_tree();
    lists_peers_by_name();
    knows_its_vocabulary();
    char path[PATH_SIZE + 16];
    (void)snprintf(path, sizeof(path), "%s/peer.conf", folder);
    (void)unlink(path);
    (void)rmdir(folder);
    (void)rmdir(base);
    return done_testing();
}
