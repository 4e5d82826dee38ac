// Answers of the page's own script: {script, data, asks, byArc} on the standard input, a list of draws by
// quantity on the output.
const given = JSON.parse(require("fs").readFileSync(0, "utf8")), engine = require(given.script);
const model = engine.unpack(given.data);
const answers = given.asks.map(({ crisis, set }) => {
  const one = model.crises.find((c) => c.id === crisis), { changes, problems } = engine.readChanges(model, one, set);
  if (problems.length) return { problems };
  const found = engine.answer(model, one, changes, given.byArc);
  return Object.fromEntries([...engine.OF_POWER, ...engine.OF_CRISIS].map((name) => [name, Array.from(found[name])]));
});
process.stdout.write(JSON.stringify(answers));
