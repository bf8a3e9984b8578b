# json.pm - writes JSON, for what a guest's operations print. Values are JSON texts; members
# without a value are left out.
package json;
use strict;
use warnings;

sub text {
    my ($text) = @_;
    return undef unless defined $text;
    $text =~ s/([\\"])/\\$1/g;
    $text =~ s/([\x00-\x1f])/sprintf('\\u%04x', ord $1)/ge;
    return qq("$text");
}

sub number { return defined $_[0] ? $_[0] + 0 : undef }
sub truth { return defined $_[0] ? ($_[0] ? 'true' : 'false') : undef }
sub list { return '[' . join(', ', @_) . ']' }

# NAME => VALUE, ...
sub object {
    my @members;
    while (my ($name, $value) = splice @_, 0, 2) {
        push @members, text($name) . ': ' . $value if defined $value;
    }
    return '{' . join(', ', @members) . '}';
}

# "192.0.2.1:500"
sub endpoint {
    my ($address, $port) = @_;
    return undef unless defined $address && defined $port;
    return text($address =~ /:/ ? "[$address]:$port" : "$address:$port");
}

1;
