// Fields without a label, headings that skip a level, ids that are there twice, links and buttons without words.
() => {
  const found = [];
  for (const one of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!one.labels.length && !one.getAttribute('aria-label')) found.push('no label: ' + one.outerHTML.slice(0, 80));
  let level = 0;
  for (const one of document.querySelectorAll('h1, h2, h3, h4')) { const next = Number(one.tagName[1]);
    if (next > level + 1) found.push('heading skips: ' + one.textContent); level = next; }
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) found.push('twice: ' + id);
  for (const one of document.querySelectorAll('a, button'))
    if (!one.textContent.trim() && !one.getAttribute('aria-label')) found.push('no words: ' + one.outerHTML.slice(0, 80));
  for (const one of document.querySelectorAll('img')) if (!one.hasAttribute('alt')) found.push('no alt: ' + one.src);
  for (const one of document.querySelectorAll('th')) if (!one.scope) found.push('th without scope: ' + one.textContent);
  for (const name of ['main', 'nav', 'header', 'footer']) if (!document.querySelector(name)) found.push('no ' + name);
  if (!document.documentElement.lang) found.push('no language');
  return found;
}
