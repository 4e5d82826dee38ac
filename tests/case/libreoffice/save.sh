#!/bin/sh
# Makes the tables of this folder anew with a LibreOffice (7.4.7 made these): the starter case's tables, opened and saved
# by a German, a British and an American user. Run from this folder: sh save.sh
set -eu
starter=../../../src/buckpass/case/template
work=$(mktemp -d)

# The same tables with dates and numbers as a person types them there.
typed() { # folder, date pattern for sed, decimal mark
    mkdir -p "$work/$1"
    for table in crises responses series; do
        sed -E "s/(^|,)([0-9]{4})-([0-9]{2})-([0-9]{2})(,|\$)/\1$2\5/g; s/(^|,)([0-9]{4})-([0-9]{2})-([0-9]{2})(,|\$)/\1$2\5/g" \
            "$starter/$table.csv" > "$work/$1/$table.csv"
        [ "$3" = , ] && sed -E -i 's/,([0-9]+)\.([0-9]+),/,"\1,\2",/g' "$work/$1/$table.csv" || :
    done
}

# Opens each table in a country's LibreOffice and saves it as a sheet, then as CSV, cells as they are shown.
saved() { # from, to, locale, language number, format between, separator, character set, quote all text
    profile="$work/profile-$3"
    mkdir -p "$profile/user" "$2"
    cat > "$profile/user/registrymodifications.xcu" <<X
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Setup/L10N"><prop
oor:name="ooSetupSystemLocale" oor:op="fuse"><value>$3</value></prop></item></oor:items>
X
    for table in crises responses $9; do
        soffice "-env:UserInstallation=file://$profile" --headless --infilter="CSV:44,34,76,1,,$4,false,true" \
            --convert-to "$5" "$1/$table.csv" --outdir "$work" > /dev/null 2>&1
        soffice "-env:UserInstallation=file://$profile" --headless \
            --convert-to "csv:Text - txt - csv (StarCalc):$6,34,$7,1,,$4,$8,true" --outdir "$2" "$work/$table.$5" \
            > /dev/null 2>&1
    done
}

typed german '\4.\3.\2' ,
typed british '\4\/\3\/\2' .
saved "$starter" semicolons de-DE 1031 ods 59 76 false ''
saved "$starter" quoted_from_xlsx en-US 1033 xlsx 44 76 true ''
saved "$starter" utf16_tabs en-GB 2057 ods 9 65535 false ''
saved "$work/german" typed_german de-DE 1031 ods 59 76 false series
saved "$work/british" typed_british en-GB 2057 ods 44 76 false ''
rm -r "$work"
