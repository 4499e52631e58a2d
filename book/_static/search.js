// Finds sections of the book. window.BOOK comes from search-sections.js: the sections with their
// texts, and in the Chinese edition the glossary's pairs of words.
(() => {
  const STOP = new Set(
    "a an and are as at be by do does for from how i in is it my of on or that the to use what when which why with".split(" "),
  );
  const CHINESE = document.documentElement.lang.startsWith("zh");
  const SAY = CHINESE
    ? { none: "没有找到相关的小节。", found: (n) => `找到 ${n} 个小节，最相关的在前：`, english: "（英文）" }
    : { none: "No section has these words.", found: (n) => `${n} sections, the best first:`, english: "" };
  const SHOWN = 20;
  const LENGTH = 220; // of a snippet, in characters

  // A word without its ending; a Chinese text in pairs of characters, for it has no spaces.
  const stem = (word) =>
    word.length < 5 ? word : word.replace(/(?:ies|y)$/, "i").replace(/(?:ings?|ed|es|s|e)$/, "");
  function tokens(text) {
    const found = [];
    for (const [run] of text.toLowerCase().normalize("NFKC").matchAll(/\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu)) {
      if (!/\p{Script=Han}/u.test(run)) found.push(stem(run));
      else if (run.length === 1) found.push(run);
      else for (let i = 0; i + 1 < run.length; i++) found.push(run.slice(i, i + 2));
    }
    return found;
  }

  // How often each word stands in a section; a word of a title, or one in bold, weighs as much as
  // several.
  const WEIGHTS = { text: 1, title: 8, terms: 4, page: 3 };
  function index(sections) {
    const containing = new Map();
    let total = 0;
    const counted = sections.map((section) => {
      const counts = new Map();
      let length = 0;
      for (const [field, weight] of Object.entries(WEIGHTS)) {
        for (const token of tokens(section[field])) {
          counts.set(token, (counts.get(token) ?? 0) + weight);
          if (field === "text") length++;
        }
      }
      for (const token of counts.keys()) containing.set(token, (containing.get(token) ?? 0) + 1);
      total += length;
      return { section, counts, length };
    });
    return { counted, containing, mean: total / sections.length };
  }

  // The sections by how well they answer (Okapi's BM25). Sections with all the words come before
  // those with some, and the words side by side count more than apart.
  function search(query, { counted, containing, mean }, terms) {
    let words = tokens(query).filter((word) => !STOP.has(word));
    if (!words.length) words = tokens(query);
    // Each thing that is looked for, in one or more words: a Chinese term, or its English name.
    const wanted = [...new Set(words)].map((word) => [word]);
    for (const [chinese, english] of terms) {
      if (query.includes(chinese)) {
        const pairs = new Set(tokens(chinese));
        const names = tokens(english);
        wanted.forEach((alternatives) => {
          if (pairs.has(alternatives[0])) alternatives.push(...names);
        });
      }
    }
    const phrase = query.toLowerCase().trim();
    const results = [];
    for (const { section, counts, length } of counted) {
      let score = 0, hits = 0;
      for (const alternatives of wanted) {
        const best = Math.max(...alternatives.map((word) => {
          const count = counts.get(word) ?? 0;
          if (!count) return 0;
          const n = containing.get(word);
          const rare = Math.log(1 + (counted.length - n + 0.5) / (n + 0.5));
          return (rare * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * length) / mean));
        }));
        if (best) hits++;
        score += best;
      }
      if (!hits) continue;
      score *= (hits / wanted.length) ** 2;
      const text = `${section.title} ${section.text}`.toLowerCase();
      if (wanted.length > 1 && text.includes(phrase)) score *= 1.5;
      if (section.language === "en") score *= 0.8;
      results.push({ section, score });
    }
    return results.sort((a, b) => b.score - a.score);
  }

  // The part of a text with most of the words, which are marked.
  function snippet(text, query) {
    const words = query.toLowerCase().match(/\p{Script=Han}{2}|[\p{L}\p{N}]+/gu) ?? [];
    const roots = words.filter((word) => !STOP.has(word)).map(stem);
    const lower = text.toLowerCase();
    let begin = 0, most = -1;
    for (const root of roots) {
      for (let at = lower.indexOf(root); at >= 0; at = lower.indexOf(root, at + LENGTH / 2)) {
        const window = lower.slice(Math.max(0, at - 60), at + LENGTH - 60);
        const hits = roots.filter((other) => window.includes(other)).length;
        if (hits > most) [begin, most] = [Math.max(0, at - 60), hits];
      }
    }
    if (begin) begin = text.indexOf(" ", begin) + 1 || begin;
    const end = text.indexOf(" ", begin + LENGTH);
    const part = text.slice(begin, end < 0 || end > begin + LENGTH + 20 ? begin + LENGTH : end);
    const line = document.createElement("p");
    line.className = "context";
    if (begin) line.append("… ");
    const escaped = roots.map((root) => root.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const pieces = escaped.length ? part.split(new RegExp(`((?:${escaped.join("|")})[a-z]*)`, "iu")) : [part];
    pieces.forEach((piece, i) => {
      if (i % 2 === 0) return line.append(piece);
      const mark = document.createElement("mark");
      mark.textContent = piece;
      line.append(mark);
    });
    if (begin + part.length < text.length) line.append(" …");
    return line;
  }

  function show(query) {
    const results = search(query, index(window.BOOK.sections), window.BOOK.terms);
    const box = document.getElementById("search-results");
    const status = document.createElement("p");
    status.className = "search-summary";
    status.setAttribute("role", "status");
    status.textContent = results.length ? SAY.found(results.length) : SAY.none;
    const list = document.createElement("ul");
    list.className = "search";
    for (const { section } of results.slice(0, SHOWN)) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = section.url;
      link.textContent = section.title;
      item.append(link);
      if (section.page !== section.title) item.append(` · ${section.page}`);
      if (section.language === "en") {
        link.hreflang = "en";
        item.append(SAY.english);
      }
      item.append(snippet(section.text, query));
      list.append(item);
    }
    box.replaceChildren(status, list);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const query = new URLSearchParams(location.search).get("q")?.trim();
    if (!query) return;
    document.querySelectorAll('form.bd-search input[name="q"]').forEach((input) => (input.value = query));
    show(query);
  });
})();
