function report(n) {
  let text = "", balance = 0;
  for (let i = 0; i < n; i++) {
    const amount = i * 7919 % 2003 - 1000;
    balance += amount;
    const note = amount < 0 ? "out" : "in";
    text += `${String(i).padStart(7, "0")} ${note.padEnd(5, ".")}${String(amount).padStart(10)}${String(balance).padStart(14)}\n`;
  }
  return text;
}

function shrink(text) {
  const out = [];
  let last = "", count = 0;
  for (const c of text) {
    if (c === last && count < 9) count++;
    else {
      if (count > 0) out.push(count + last);
      last = c;
      count = 1;
    }
  }
  out.push(count + last);
  return out.join("");
}

function grow(short) {
  let text = "";
  for (let i = 0; i < short.length; i += 2) text += short[i + 1].repeat(Number(short[i]));
  return text;
}

const text = report(Number(process.argv[2] || 100000)), short = shrink(text);
let check = 0;
for (const c of short) check = (check * 31 + c.charCodeAt(0)) % 1000003;
console.log(`${text.length} ${short.length} ${check} ${grow(short) === text}`);
