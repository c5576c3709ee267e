#!/usr/bin/env bash
# Fills corpus/TARGET from testdata/ and from any files and folders given: seed.sh [PATH...]
#
# Every file of up to 64 KiB seeds `decode` and `zip`, every one that begins like JSON also `json`,
# `extract`, `mend`, `listing` and `redact`, every one that ends in .txt, .log or .csv also `group` (its first 60 lines).
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p corpus/{decode,zip,json,extract,mend,listing,time,group,stored,redact}
find ../testdata "$@" -type f -size -65k -print0 | while IFS= read -r -d '' file; do
    name=$(printf '%s' "$file" | cksum | cut -d' ' -f1)
    cp -- "$file" "corpus/decode/$name"
    cp -- "$file" "corpus/zip/$name"
    case $(head -c 1 -- "$file" | tr -d '\0') in
        '{' | '[' | '"')
            for target in json extract mend listing redact; do
                cp -- "$file" "corpus/$target/$name"
            done
            ;;
    esac
    case $file in
        *.txt | *.log | *.csv) head -n 60 -- "$file" | tr '\r' ' ' | cut -c1-400 >"corpus/group/$name" ;;
    esac
done
n=0
while IFS= read -r line; do
    n=$((n + 1))
    printf '%b' "$line" >"corpus/decode/text-$n"
done <<'TEXTS'
HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{"a":1}\r\n--b--\r\n
["W3sic3RhdHVzIjo0MDAsImVycm9ycyI6WyJ4Il19XQ==","W3sic3RhdHVzIjo0MDEsImVycm9ycyI6WyJ5Il19XQ=="]
id;log\n1;W3sic3RhdHVzIjo0MDAsImVycm9ycyI6WyJ4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4Il19XQ==\n
2024-01-01 INFO {"status":400}\n2024-01-01 INFO {"status":401}\n
[{&quot;status&quot;:400}]
%5B%7B%22status%22%3A400%7D%5D
00000000: 7b22 6122 3a31 2c22 6222 3a32 2c22 6322  {"a":1,"b":2,"c"\n00000010: 3a33 7d                                  :3}\n
b'{"status":400,"n":1}'
TEXTS
n=0
while IFS= read -r line; do
    n=$((n + 1))
    for target in mend extract; do
        printf '%b' "$line" >"corpus/$target/mend-$n"
    done
done <<'MEND'
[{"sku":"A\t1","status":400},{"sku":"B\\q","status":400,}]
{'sku': 'A-1', "note": "it's", 'ok': None, 'n': (1, 2L, {'x'})}
OrderedDict([('sku', 'A-1'), ('at', datetime.datetime(2026, 3, 1)), ('p', Decimal('1.10'))])
// saved\n{sku: A-1, /* it */ status: 0x190, n: +.5, z: 007, } # end
{_id: ObjectId("65"), n: NumberLong(5), t: Timestamp(1, 2), d: new Date(1)}
{"sku"=>"A-1", :status=>400, :x=>nil}
array (\n  'sku' => 'A-1',\n  0 => array (1 => 2),\n)
logs = [{"sku": “A-1”, "status": 400}, ...];\n{"a": , "b": <Response [400]>}
[{"sku":"A","status":400}\n{"sku":"say "no"","status":400}\n{"sku":"C","status":400}]
{"log":"{\\"sku\\":\\"A","stream":"stdout","time":"t"}\n{"log":"-1\\"}\\n","stream":"stdout","time":"t"}
MEND
n=0
while IFS= read -r line; do
    n=$((n + 1))
    printf '%s' "$line" >"corpus/time/$n"
done <<'TIMES'
2023-06-23T11:33:17.898+00:00
2023/06/23 11:33:17
2023-06-23
20230623T113317Z
20230623113317
1687519997186
1687519997
1687519997186000
1687519997.186
1.687519997186E12
23.06.2023 11:33
23.06.2023 11:33:17,898
/Date(1687519997186+0300)/
/Date(-62135596800000)/
Tue, 01 Nov 2022 10:00:00 GMT
Tuesday, 01-Nov-22 10:00:00 GMT
Tue Nov  1 10:00:00 2022
Tue Nov 01 10:00:00 TRT 2022
0001-01-01T00:00:00
9999-12-31T23:59:59.999999999-23:59
TIMES
n=0
while IFS= read -r line; do
    n=$((n + 1))
    printf '%b' "$line" >"corpus/group/line-$n"
done <<'LINES'
SKU-000123 kodlu ürün bulunamadı.\nSKU-000124 kodlu ürün bulunamadı.\n1KD00012-BLK kodlu ürün bulunamadı.
Object with sku=1KD19648-BLK does not exist.\tnot_found\tproduct\nObject with sku=A-1 does not exist.\tnot_found\tproduct
Ensure this value is greater than or equal to 0.01. Got -42.50\t\tprice\nEnsure this value is greater than or equal to 1. Got 0\t\tstock
HTTPSConnectionPool(host='erp1.example.com', port=443): Read timed out. (read timeout=30)\nHTTPSConnectionPool(host='erp2.example.com', port=8443): Read timed out. (read timeout=60)
Traceback (most recent call last):\r  File "/opt/app/flows/a.py", line 12, in run\r    value = row['price']\rKeyError: 'price'
2026-11-01 10:20:30,123 ERROR [worker-7] user=ali@example.com id=550e8400-e29b-41d4-a716-446655440000 0xdeadbeef 10.0.0.1:8080 took 35ms
java.net.SocketTimeoutException: connect timed out after 10000 ms\nCaused by: java.io.IOException: /var/log/app-1.log (No such file or directory)
{"detail": "Request was throttled. Expected available in 29 seconds."}\n{"detail": "Request was throttled. Expected available in 3 seconds."}
LINES
n=0
while IFS= read -r line; do
    n=$((n + 1))
    printf '%b' "$line" >"corpus/redact/text-$n"
done <<'REDACT'
POST - https://erp:kutu@a.example/(S(abc))/x?token=a%20b - {"password":"x","email":"ali@example.com"}
{"body":"{\\"pin\\":1234,\\"name\\":\\"Authorization\\",\\"value\\":\\"Basic dXNlcjpwYXNz\\"}"}
<a><Password>x &amp; y</Password><key>token</key><value><![CDATA[{"tckn":10000000146}]]></value></a>
--X\r\nContent-Disposition: form-data; name="sifre"\r\n\r\na\r\n--X--\r\n
Cookie: sid=a; lang=tr\r\nAuthorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\r\n
{'password': 'it\\'s', 'iban': 'TR330006100519786457841326', 'card': 4111111111111111, 'tel': '0532 123 45 67'}
REDACT
for target in corpus/*/; do
    printf '%s %s\n' "$(find "$target" -type f | wc -l)" "$target"
done
