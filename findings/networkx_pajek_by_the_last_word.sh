#!/usr/bin/env bash
# networkx 3.6.1 and igraph 1.0.0 read one Pajek file of guarantees (*Arcs) and alliances (*Edges) as two networks, and each by the order of the parts.
#
# Guess: an arc goes one way and an edge both ways, whichever part of the file comes first, as Pajek has it.
# Seen: with arcs first networkx makes the alliance a tie one way; with edges first every guarantee is mutual. igraph does it the other way
# around: what is directed to the one is undirected to the other. So a client guarantees its patron, or an alliance has one side. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" networkx==3.6.1 igraph==1.0.0
PYTHONPATH="$folder" python3 -W error - "$folder/ties.net" <<'PY'
import sys
from pathlib import Path
import igraph
import networkx

states = '*Vertices 4\n1 "KAZ"\n2 "UZB"\n3 "RUS"\n4 "CHN"\n'
guarantees, alliances = "*Arcs\n3 1 1\n4 2 1\n", "*Edges\n1 2 1\n"
true = {("RUS", "KAZ"), ("CHN", "UZB"), ("KAZ", "UZB"), ("UZB", "KAZ")}
file, found = Path(sys.argv[1]), {}
for name, text in {"arcs first": states + guarantees + alliances, "edges first": states + alliances + guarantees}.items():
    file.write_text(text)
    ties = networkx.read_pajek(file)
    by_networkx = set(ties.to_directed().edges())
    graph = igraph.Graph.Read_Pajek(str(file))
    both = graph.copy()
    both.to_directed()
    by_igraph = {(both.vs[a]["name"], both.vs[b]["name"]) for a, b in both.get_edgelist()}
    found[name] = ties.is_directed(), len(by_networkx), graph.is_directed(), len(by_igraph)
    for who, read in (("networkx", by_networkx), ("igraph", by_igraph)):
        print(f"{name}, {who}: lost {sorted(true - read)}, made up {sorted(read - true)}")
print("networkx", networkx.__version__, "igraph", igraph.__version__, "directed and ties by the two:", found)
sys.exit(0 if found == {"arcs first": (True, 3, False, 6), "edges first": (False, 6, True, 3)} else 1)
PY
