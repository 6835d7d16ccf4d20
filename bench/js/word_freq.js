function makeText(n) {
  const syllables = ["ka", "lo", "mi", "ten", "ra", "su", "vo", "ne", "pi", "dor"];
  const out = [];
  let line = [], seed = 42;
  for (let i = 0; i < n; i++) {
    seed = seed * 16807 % 2147483647;
    const k = seed % 1000, z = Math.floor(k * k / 1000);
    let word = syllables[Math.floor(z / 100)] + syllables[Math.floor(z / 10) % 10] + syllables[z % 10];
    if (seed % 11 === 0) word = word[0].toUpperCase() + word.slice(1);
    if (seed % 7 === 0) word += ",";
    line.push(word);
    if (line.length === 12) { out.push(line.join(" ") + "."); line = []; }
  }
  return out.join("\n");
}

const counts = new Map();
for (const line of makeText(Number(process.argv[2] || 600000)).split("\n")) {
  for (let w of line.toLowerCase().split(" ")) {
    if (w.endsWith(",") || w.endsWith(".")) w = w.slice(0, -1);
    counts.set(w, (counts.get(w) || 0) + 1);
  }
}
const ranked = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
console.log(ranked.length + " words");
for (const [w, c] of ranked.slice(0, 5)) console.log(w + " " + c);
