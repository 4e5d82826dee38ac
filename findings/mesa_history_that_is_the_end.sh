#!/usr/bin/env bash
# Mesa 3.3.1 writes the end of a run into every step of what an agent was: of a list, an array or a dict it keeps the thing, not its state.
#
# Guess: the DataCollector keeps what an agent's attribute was at each step, since that is what it keeps of the model's.
# Seen: a state that makes one ally a step has three at every step of three, in the table of agents; its count beside it goes 1, 2, 3, and the
# same list collected of the model is right at each step: what models report is copied, what agents report is not. batch_run, which
# reads the same records, has one state in all its rows too. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" mesa==3.3.1 pandas==2.3.3 numpy==2.2.6
PYTHONPATH="$folder" python3 -W error - <<'PY'
import sys
import mesa
import numpy as np


class State(mesa.Agent):
    def __init__(self, model):
        super().__init__(model)
        self.allies, self.spent, self.count = [], np.zeros(1), 0

    def step(self):
        self.count += 1
        self.allies.append(f"ally {self.count}")
        self.spent += 1.0


class Theatre(mesa.Model):
    def __init__(self, seed=None):
        super().__init__(seed=seed)
        (self.state,) = State.create_agents(self, 1)
        self.allies = self.state.allies
        of_agents = {"allies": lambda agent: agent.allies, "list": "allies", "spent": "spent", "count": "count"}
        self.datacollector = mesa.DataCollector({"allies": lambda model: model.allies, "list": "allies"}, of_agents)

    def step(self):
        self.agents.do("step")
        self.datacollector.collect(self)


theatre = Theatre(seed=1)
for _ in range(3):
    theatre.step()
of_model, of_agent = theatre.datacollector.get_model_vars_dataframe(), theatre.datacollector.get_agent_vars_dataframe()
rows = mesa.batch_run(Theatre, {}, max_steps=3, data_collection_period=1, display_progress=False)
found = {
    "of the model": [[len(told) for told in of_model[name]] for name in ("allies", "list")],
    "of the agent": [[len(told) for told in of_agent[name]] for name in ("allies", "list")],
    "of the agent, an array": [float(told[0]) for told in of_agent["spent"]],
    "of the agent, a number": [int(told) for told in of_agent["count"]],
    "of the agent, by batch_run": [float(row["spent"][0]) for row in rows if "spent" in row],
}
print("mesa", mesa.__version__, "allies by step:")
for what, told in found.items():
    print(f"{what}: {told}")
wrong = len(set(found["of the agent, by batch_run"])) == 1 and found["of the agent"] == [[3, 3, 3]] * 2 and found["of the agent, an array"] == [3.0] * 3
sys.exit(0 if wrong and found["of the model"] == [[1, 2, 3]] * 2 and found["of the agent, a number"] == [1, 2, 3] else 1)
PY
