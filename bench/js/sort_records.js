function byAgeThenName(a, b) {
  if (a.age !== b.age) return a.age - b.age;
  if (a.name < b.name) return -1;
  return a.name > b.name ? 1 : 0;
}

function mergeSort(items, before) {
  if (items.length < 2) return items;
  const middle = items.length >> 1, out = [];
  const left = mergeSort(items.slice(0, middle), before), right = mergeSort(items.slice(middle), before);
  let i = 0, j = 0;
  while (i < left.length && j < right.length) {
    if (before(right[j], left[i])) out.push(right[j++]);
    else out.push(left[i++]);
  }
  while (i < left.length) out.push(left[i++]);
  while (j < right.length) out.push(right[j++]);
  return out;
}

const towns = ["Bonn", "Oslo", "Rome", "Lyon", "Cork", "Graz", "Bern"], people = [], n = Number(process.argv[2] || 200000);
let seed = 31, same = 0;
for (let i = 0; i < n; i++) {
  seed = seed * 16807 % 2147483647;
  people.push({ name: `p${seed % 50000}`, age: Math.floor(seed / 16) % 80, town: towns[seed % 7] });
}
const sorted = [...people].sort(byAgeThenName), merged = mergeSort(people, (a, b) => byAgeThenName(a, b) < 0);
sorted.forEach((person, i) => {
  const other = merged[i];
  if (person.name === other.name && person.age === other.age && person.town === other.town) same++;
});
const ages = new Map(), counts = new Map();
for (const person of people) {
  ages.set(person.town, (ages.get(person.town) || 0) + person.age);
  counts.set(person.town, (counts.get(person.town) || 0) + 1);
}
console.log(`${same} ${sorted[0].name} ${sorted[n >> 1].name} ${sorted[n - 1].name}`);
for (const town of [...ages.keys()].sort()) console.log(`${town} ${Math.floor(ages.get(town) / counts.get(town))}`);
