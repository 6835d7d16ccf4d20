function makeCsv(n) {
  const regions = ["north", "south", "east", "west", "far, far away"];
  const rows = ["id,region,product,quantity,price"];
  let seed = 7;
  for (let i = 0; i < n; i++) {
    seed = seed * 16807 % 2147483647;
    let region = regions[seed % 5];
    if (region.includes(",")) region = '"' + region + '"';
    rows.push(`${i},${region},"item ""${seed % 20}""",${seed % 9 + 1},${seed % 5000}.${seed % 90 + 10}`);
  }
  return rows.join("\n");
}

function fieldsOf(line) {
  if (!line.includes('"')) return line.split(",");
  const fields = [], n = line.length;
  let field = "", quoted = false;
  for (let i = 0; i < n; i++) {
    const c = line[i];
    if (quoted) {
      if (c === '"') {
        if (i + 1 < n && line[i + 1] === '"') { field += '"'; i++; } else quoted = false;
      } else field += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") { fields.push(field); field = ""; }
    else field += c;
  }
  fields.push(field);
  return fields;
}

const byRegion = new Map(), byProduct = new Map();
let total = 0;
makeCsv(Number(process.argv[2] || 200000)).split("\n").forEach((line, i) => {
  if (i === 0) return;
  const [, region, product, quantity, price] = fieldsOf(line);
  const amount = Number(quantity) * Number(price);
  byRegion.set(region, (byRegion.get(region) || 0) + amount);
  byProduct.set(product, (byProduct.get(product) || 0) + Number(quantity));
  total += amount;
});
for (const region of [...byRegion.keys()].sort()) console.log(`${region}: ${Math.floor(byRegion.get(region))}`);
console.log(`${byProduct.size} products, ${byProduct.get('item "7"')} of 7`);
console.log(String(Math.floor(total)));
