#!/usr/bin/env bash
# Mesa 3.3.1: the "Step" in the rows of batch_run is a place in the collector's list, not the step at which a value was collected.
#
# Guess: the row of step 6 has what was collected at step 6; a run of max_steps=6 takes six steps.
# Seen: in a model that collects at the start and at the end of each step, the row of step 6 has the state after three steps; in one that
# collects at the end only, the row of step 6 has the state after seven: seven were taken. The rows of agents go by the true step,
# so that one row joins two times. No error and no warning; a model that collects less often than once a step is an IndexError.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" mesa==3.3.1 pandas==2.3.3 numpy==2.2.6
PYTHONPATH="$folder" python3 -W error - <<'PY'
import sys
import mesa


def model(*moments):
    class Order(mesa.Model):
        def __init__(self, seed=None):
            super().__init__(seed=seed)
            self.passed, self.datacollector = 0, mesa.DataCollector({"passed": "passed"}, {"passed_to_agent": lambda agent: agent.model.passed})
            mesa.Agent(self)
            self.collect("made")

        def collect(self, moment):
            if moment in moments:
                self.datacollector.collect(self)

        def step(self):
            self.collect("start")
            self.passed += 1
            self.collect("end")

    return Order


found = {}
for moments in (("made", "end"), ("start", "end"), ("end",)):
    rows = mesa.batch_run(model(*moments), {}, max_steps=6, data_collection_period=2, display_progress=False)
    found[moments] = [(row["Step"], row["passed"], row.get("passed_to_agent")) for row in rows]
print("mesa", mesa.__version__, "Step, state of the model, and of its agents, by when it collects:")
for moments, rows in found.items():
    print(*moments, rows)
sys.exit(0 if [rows[-1][:2] for rows in found.values()] == [(6, 6), (6, 3), (6, 7)] else 1)
PY
