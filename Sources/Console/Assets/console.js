// What pages do beyond showing: times as one likes them, keys, copying, and travelling in time.
// Everything can be read and reached without it.
(() => {
  'use strict';
  const one = (selector, root) => (root || document).querySelector(selector);
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];

  const pad = (number) => String(number).padStart(2, '0');
  const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const inWords = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

  function shown(date, exact, mode) {
    if (mode === 'local') {
      return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
        `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
    }
    if (mode === 'relative') {
      const seconds = Math.round((date - Date.now()) / 1000);
      const [unit, length] = units.find((unit) => Math.abs(seconds) >= unit[1]) || units[3];
      return inWords.format(Math.trunc(seconds / length), unit);
    }
    return exact.slice(0, 19).replace('T', ' ') + ' UTC';
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
    for (const input of all('input', choice)) {
      input.checked = input.value === mode;
      input.addEventListener('change', () => {
        localStorage.setItem('times', input.value);
        showTimes();
      });
    }
    showTimes();
  }

  function offerCopies() {
    for (const text of all('[data-copy]')) {
      const box = document.createElement('div');
      const button = document.createElement('button');
      box.className = 'copied';
      button.type = 'button';
      button.textContent = 'Copy';
      text.replaceWith(box);
      box.append(text, button);
      button.addEventListener('click', async () => {
        try {
          await navigator.clipboard.writeText(text.textContent);
          button.textContent = 'Copied';
        } catch {
          getSelection().selectAllChildren(text);
          button.textContent = 'Selected';
        }
      });
    }
  }

  // The user's page: each event carries what it changed, so the state at any event of the page is
  // that of its neighbour with these lines put forth or back.
  function travel() {
    const bar = one('.travel');
    if (!bar) { return () => {}; }
    const slider = one('#event');
    const entry = (version) => one(`.entry[data-version="${version}"]`);
    let version = Number(slider.value);

    function apply(item, isForward) {
      for (const change of all('.diff li', item)) {
        const field = one(`[data-field="${change.dataset.name}"]`);
        field.textContent = isForward ? change.dataset.after : change.dataset.before;
      }
    }

    function show() {
      const item = entry(version);
      for (const other of all('.entry.cursor')) {
        other.classList.remove('cursor');
        other.removeAttribute('aria-current');
      }
      item.classList.add('cursor');
      item.setAttribute('aria-current', 'step');
      const names = all('.diff li', item).map((change) => change.dataset.name);
      for (const field of all('[data-field]')) {
        field.classList.toggle('changed', names.includes(field.dataset.field));
      }
      slider.value = version;
      one('#where').textContent = version;
      const isNow = version === Number(bar.dataset.count);
      one('#older').classList.toggle('off', version === 1);
      one('#newer').classList.toggle('off', isNow);
      one('#state-title').textContent = isNow ? 'State now' : `State after event ${version}`;
      const time = one('time', item);
      one('#state-time').replaceChildren(...(time ? [time.cloneNode(true)] : []));
      item.scrollIntoView({ block: 'nearest' });
      const address = new URL(location.href);
      address.searchParams.set('at', item.dataset.position);
      history.replaceState(null, '', address);
    }

    // Beyond the page's events, the server has the others.
    function go(target) {
      if (target < 1 || target > Number(bar.dataset.count) || target === version) { return; }
      if (!entry(target)) {
        location.href = `${bar.dataset.path}?event=${target}`;
        return;
      }
      while (version < target) { apply(entry(++version), true); }
      while (version > target) { apply(entry(version--), false); }
      show();
    }

    slider.addEventListener('input', () => go(Number(slider.value)));
    for (const [id, step] of [['#older', -1], ['#newer', 1]]) {
      const link = one(id);
      link.addEventListener('click', (event) => {
        event.preventDefault();
        go(version + step);
      });
    }
    for (const item of all('.entry')) {
      one('.said', item).addEventListener('click', (event) => {
        event.preventDefault();
        go(Number(item.dataset.version));
      });
    }
    return (step) => go(version + step);
  }

  function toggleBytes() {
    const events = one('#events');
    if (!events) { return; }
    const isRaw = events.classList.toggle('raw');
    for (const [id, isIt] of [['#as-raw', isRaw], ['#as-diff', !isRaw]]) {
      if (isIt) { one(id).setAttribute('aria-current', 'true'); } else { one(id).removeAttribute('aria-current'); }
    }
    const address = new URL(location.href);
    if (isRaw) { address.searchParams.set('view', 'raw'); } else { address.searchParams.delete('view'); }
    history.replaceState(null, '', address);
  }

  // The links lead to the moment that the page was loaded at; the view changes where one is.
  for (const [id, isRaw] of [['#as-raw', true], ['#as-diff', false]]) {
    one(id)?.addEventListener('click', (event) => {
      event.preventDefault();
      if (one('#events').classList.contains('raw') !== isRaw) { toggleBytes(); }
    });
  }
  offerTimes();
  offerCopies();
  const step = travel();
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.target.closest('input:not([type="range"]), select, textarea')) { return; }
    if (event.key === '/' && one('#find')) {
      event.preventDefault();
      one('#find').focus();
    } else if (event.key === 'h') { step(-1); } else if (event.key === 'l') { step(1); } else if (event.key === 'r') { toggleBytes(); }
  });
  window.ledgerConsole = { one, all, showTimes };
})();
