#include "harness/peer/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"

static json_t *sample(void)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:b, s:b, s:[s,s], s:[], s:[{s:s,s:s},{s:s,s:s}]}",
                     "name", "tunnel", "empty", "", "odd", "a \"b\" \\c", "count", 3, "zero", 0,
                     "yes", 1, "no", 0, "words", "one", "two", "nothing", "pairs", "left", "1",
                     "right", "2", "left", "3", "right", "4");
}

static void renders_to(const char *text, const char *wanted, const char *claim)
{
    struct block_fault fault = {0};
    json_t *data = sample();
    char *rendered = template_render(text, data, &fault);
    if (!ok(rendered != NULL && strcmp(rendered, wanted) == 0, "%s", claim)) {
        note("got '%s', line %u: %s", rendered == NULL ? "" : rendered, fault.line, fault.message);
    }
    free(rendered);
    json_decref(data);
}

static void fails_with(const char *text, unsigned line, const char *message)
{
    struct block_fault fault = {0};
    json_t *data = sample();
    char *rendered = template_render(text, data, &fault);
    if (!ok(rendered == NULL && fault.line == line && strcmp(fault.message, message) == 0,
            "line %u: %s", line, message)) {
        note("got line %u: %s", fault.line, fault.message);
    }
    free(rendered);
    json_decref(data);
}

static void fills_in_values(void)
{
    renders_to("", "", "an empty template");
    renders_to("no tag { } \n", "no tag { } \n", "text without tags stays as it is");
    renders_to("a {{name}} b {{count}}", "a tunnel b 3", "texts and numbers");
    renders_to("{{quote odd}}", "\"a \\\"b\\\" \\\\c\"", "quotes and backslashes are escaped");
    renders_to("[{{empty}}]", "[]", "an empty text is nothing");
}

static void takes_conditions(void)
{
    renders_to("{{#if yes}}a{{else}}b{{/if}}", "a", "true");
    renders_to("{{#if no}}a{{else}}b{{/if}}", "b", "false");
    renders_to("{{#unless no}}a{{else}}b{{/unless}}", "a", "unless");
    renders_to("{{#if empty}}a{{/if}}{{#if zero}}b{{/if}}{{#if nothing}}c{{/if}}", "",
               "an empty text, zero and an empty list are false");
    renders_to("{{#if name}}a{{/if}}{{#if count}}b{{/if}}{{#if words}}c{{/if}}", "abc",
               "a text, a number and a list with items are true");
    renders_to("{{#if yes}}{{#if no}}x{{else}}y{{/if}}{{/if}}", "y", "one inside the other");
}

static void takes_lists(void)
{
    renders_to("{{#each words}}{{this}} {{/each}}", "one two ", "texts");
    renders_to("{{#each words}}{{this}}{{#unless last}}, {{/unless}}{{/each}}", "one, two",
               "a separator between items");
    renders_to("{{#each words}}{{#if first}}<{{/if}}{{this}}{{/each}}", "<onetwo",
               "the first item");
    renders_to("{{#each pairs}}{{left}}={{right}} {{name}};{{/each}}", "1=2 tunnel;3=4 tunnel;",
               "members first, then the names outside");
    renders_to("{{#each pairs}}{{#each words}}{{left}}{{this}} {{/each}}{{/each}}",
               "1one 1two 3one 3two ", "a list inside a list");
    renders_to("a{{#each nothing}}{{unknown}}{{/each}}b", "ab",
               "names inside an empty list cannot be checked");
}

static void takes_whole_lines_of_block_tags(void)
{
    renders_to("a\n  {{#if yes}}\n  b\n  {{/if}}\nc\n", "a\n  b\nc\n",
               "a block tag alone on its line leaves none behind");
    renders_to("a\n  {{#if no}}\n  b\n  {{/if}}\nc\n", "a\nc\n", "nor does a hidden block");
    renders_to("{{#each words}}\n- {{this}}\n{{/each}}\n", "- one\n- two\n", "a list of lines");
    renders_to("x = {{#each words}}{{this}}{{/each}}\ny\n", "x = onetwo\ny\n",
               "a tag with something before it keeps its line end");
    renders_to("{{name}}\nb\n", "tunnel\nb\n", "a value keeps its line end");
}

static void names_line_and_reason(void)
{
    fails_with("a\n{{nmae}}\n", 2, "unknown name 'nmae'");
    fails_with("{{#if no}}\n{{nmae}}\n{{/if}}\n", 2, "unknown name 'nmae'");
    fails_with("{{#each words}}\n{{nmae}}{{/each}}", 2, "unknown name 'nmae'");
    fails_with("{{this}}", 1, "unknown name 'this'");
    fails_with("a {{name", 1, "'{{' without '}}' in its line");
    fails_with("a\n{{na\nme}}", 2, "'{{' without '}}' in its line");
    fails_with("{{#when name}}", 1, "unknown tag '{{#when name}}'");
    fails_with("{{}}", 1, "unknown tag '{{}}'");
    fails_with("{{na me}}", 1, "unknown tag '{{na me}}'");
    fails_with("a\n{{#if yes}}\nb", 2, "'{{#if yes}}' is not closed");
    fails_with("{{#each words}}x", 1, "'{{#each words}}' is not closed");
    fails_with("{{#if yes}}\n\n{{/each}}", 3, "'{{/each}}' closes '{{#if yes}}' of line 1");
    fails_with("a{{/if}}", 1, "'{{/if}}' without a block that it belongs to");
    fails_with("{{else}}", 1, "'{{else}}' without a block that it belongs to");
    fails_with("{{#each name}}{{/each}}", 1, "'name' is no list");
    fails_with("{{words}}", 1, "'words' is no text and no number");
    fails_with("{{#if yes}}a{{else}}b\n{{else}}c{{/if}}", 2,
               "'{{else}}' without a block that it belongs to");
    fails_with("{{#each words}}a{{else}}b{{/each}}", 1,
               "'{{else}}' without a block that it belongs to");
}

static void refuses_what_quotes_cannot_hold(void)
{
    struct block_fault fault = {0};
    json_t *data = json_pack("{s:s}", "psk", "a\nb");
    ok(template_render("{{quote psk}}", data, &fault) == NULL &&
           strcmp(fault.message, "'psk' holds a control character, which quotes cannot") == 0,
       "a line end in a quoted value cannot add a line to a configuration");
    json_decref(data);
}

static void bounds_its_depth(void)
{
    char text[512] = "";
    size_t used = 0;
    for (int i = 0; i < TEMPLATE_MOST_DEPTH + 1; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "{{#if yes}}");
    }
    fails_with(text, 1, "more than 8 blocks inside each other");
}

int main(void)
{
    fills_in_values();
    takes_conditions();
    takes_lists();
    takes_whole_lines_of_block_tags();
    names_line_and_reason();
    refuses_what_quotes_cannot_hold();
    bounds_its_depth();
    return done_testing();
}
