// What pages do beyond showing: times as one likes them, keys, and copying.
// Everything can be read and reached without it.
const one = (selector, root) => (root || document).querySelector(selector);
const all = (selector, root) => [...(root || document).querySelectorAll(selector)];

function made(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

const button = (text, onclick) => Object.assign(made('button', '', text), { type: 'button', onclick });

const brief = (time) => time.slice(0, 19).replace('T', ' ');
const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
const inWords = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

function shown(date, exact, mode) {
  if (mode === 'local') { return brief(new Date(date - date.getTimezoneOffset() * 60000).toISOString()); }
  if (mode === 'relative') {
    const seconds = Math.round((date - Date.now()) / 1000);
    const [unit, length] = units.find((unit) => Math.abs(seconds) >= unit[1]) || units[3];
    return inWords.format(Math.trunc(seconds / length), unit);
  }
  return brief(exact) + ' UTC';
}

function showTimes(root) {
  const mode = localStorage.getItem('times') || 'utc';
  for (const time of all('time', root)) {
    const exact = time.getAttribute('datetime');
    time.textContent = shown(new Date(exact), exact, mode);
    time.title = exact;
  }
}

function offerTimes() {
  const choice = one('.times');
  if (!choice) { return; }
  choice.hidden = false;
  const mode = localStorage.getItem('times') || 'utc';
  for (const input of all('[name=times]', choice)) {
    input.checked = input.value === mode;
    input.addEventListener('change', () => {
      localStorage.setItem('times', input.value);
      showTimes();
    });
  }
  showTimes();
}

function offerCopies(root) {
  for (const text of all('[data-copy]', root)) {
    const box = made('div', 'copied');
    const copy = button('Copy', async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        copy.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(text);
        copy.textContent = 'Selected';
      }
    });
    text.replaceWith(box);
    box.append(text, copy);
  }
}

// What was found out, in a box: how sure it is, and why.
function tell(box, kind, headline, lines) {
  box.className = 'verdict ' + kind;
  box.replaceChildren(
    made('p', '', made('strong', '', headline)), made('ul', '', ...lines.map((line) => made('li', '', line)))
  );
}

offerTimes();
offerCopies();
const acts = {
  '/': (event) => {
    event.preventDefault();
    one('#find')?.focus();
  },
};
const keys = one('#keys');
if (keys) {
  keys.parentElement.hidden = false;
  keys.checked = localStorage.getItem('keys') !== 'off';
  keys.addEventListener('change', () => localStorage.setItem('keys', keys.checked ? 'on' : 'off'));
}
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys?.checked) { return; }
  if (event.target.closest('input:not([type="range"], [type="checkbox"]), select, textarea')) { return; }
  acts[event.key]?.(event);
});
