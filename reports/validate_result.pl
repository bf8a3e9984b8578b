#!/usr/bin/perl
# validate_result.pl FILE... - checks result files against result.schema.json beside this script.
# Exit 0: all are valid; 1: a file is not (each place is printed); 77: JSON::Validator is missing.
use strict;
use warnings;
use FindBin;

unless (eval { require JSON::Validator; require Mojo::File; require Mojo::JSON; 1 }) {
    print STDERR "validate_result: the Perl module JSON::Validator is missing (Debian: libjson-validator-perl)\n";
    exit 77;
}

my $schema = Mojo::JSON::decode_json(Mojo::File->new("$FindBin::Bin/result.schema.json")->slurp);
delete $schema->{'$id'}; # a name, not an address to resolve
my $validator = JSON::Validator->new->schema($schema);
my $bad = 0;
for my $file (@ARGV) {
    my $value = Mojo::JSON::decode_json(Mojo::File->new($file)->slurp);
    for my $error ($validator->validate($value)) {
        print "$file: $error\n";
        $bad = 1;
    }
}
exit $bad;
