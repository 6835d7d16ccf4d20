function fill(template, values) {
  const out = [];
  let rest = template;
  for (;;) {
    const start = rest.indexOf("{{");
    if (start < 0) {
      out.push(rest);
      return out.join("");
    }
    const end = rest.indexOf("}}");
    const name = rest.slice(start + 2, end).trim();
    out.push(rest.slice(0, start), String(name in values ? values[name] : "?"));
    rest = rest.slice(end + 2);
  }
}

const template = `Dear {{ title }} {{ name }},

your order {{ order }} of {{ count }} pieces of {{ product }} left our house.
The amount of {{ amount }} is due within {{ days }} days, {{ name }}.
{{ greeting }}
`;
const titles = ["Ms", "Mr", "Dr"], products = ["apples", "pears", "nails", "books"];
let length = 0, check = 0;
for (let i = 0, n = Number(process.argv[2] || 100000); i < n; i++) {
  const letter = fill(template, {
    title: titles[i % 3], name: `Customer ${i}`, order: i * 7 + 1000, count: i % 10 + 1,
    product: products[i % 4], amount: i % 90 * 5, days: 14 + i % 3,
  });
  length += letter.length;
  if (letter.endsWith("\n?\n")) check += letter.indexOf("due");
}
console.log(length + " " + check);
