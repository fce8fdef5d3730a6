// What pages do beyond showing: times as one likes them, keys, copying, and travelling in time.
// Everything can be read and reached without it.
(() => {
  'use strict';
  const one = (selector, root) => (root || document).querySelector(selector);
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];

  function button(text, act) {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = text;
    made.addEventListener('click', act);
    return made;
  }

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
    for (const input of all('[name=times]', choice)) {
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
      box.className = 'copied';
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

  // The user's page: each event carries what it changed, so the state at any event of the page is
  // that of its neighbour with these lines put forth or back.
  function travel() {
    const bar = one('.travel');
    if (!bar) { return () => {}; }
    const slider = one('#event');
    const entry = (version) => one(`.entry[data-version="${version}"]`);
    const count = Number(bar.dataset.count);
    let version = Number(bar.dataset.cursor);

    function apply(item, isForward) {
      for (const change of all('.diff li', item)) {
        const field = one(`[data-field="${change.dataset.name}"]`);
        field.textContent = isForward ? change.dataset.after : change.dataset.before;
      }
    }

    const address = (target) => viewed(`${bar.dataset.path}?event=${target}`);

    function show() {
      const item = entry(version);
      for (const other of all('.entry.cursor')) {
        other.classList.remove('cursor');
        other.removeAttribute('aria-current');
      }
      item?.classList.add('cursor');
      item?.setAttribute('aria-current', 'step');
      const names = item ? all('.diff li', item).map((change) => change.dataset.name) : [];
      for (const field of all('[data-field]')) {
        field.classList.toggle('changed', names.includes(field.dataset.field));
      }
      slider.value = version;
      one('#where').textContent = version;
      const isNow = version === count;
      for (const [id, target] of [['#older', version - 1], ['#newer', version + 1], ['#newest', isNow ? -1 : count]]) {
        const isOff = target < 0 || target > count;
        one(id).classList.toggle('off', isOff);
        if (isOff) { one(id).removeAttribute('href'); } else { one(id).href = address(target); }
      }
      one('#state-title').textContent =
        isNow ? 'State now' : item ? `State after event ${version}` : 'State before event 1';
      const time = item && one('time', item);
      one('#state-time').replaceChildren(...(time ? [time.cloneNode(true)] : []));
      item?.scrollIntoView({ block: 'nearest' });
      const here = viewed(location.href);
      here.searchParams.set('at', item ? item.dataset.position : 0);
      history.replaceState(null, '', here);
    }

    // Beyond the page's events, the server has the others; `stays` where it is not asked yet.
    function go(target, stays) {
      if (target < 0 || target > count || target === version) { return; }
      if (!entry(target || 1)) {
        if (stays) { one('#where').textContent = target; } else { location.href = address(target); }
        return;
      }
      while (version < target) { apply(entry(++version), true); }
      while (version > target) { apply(entry(version--), false); }
      show();
    }

    slider.addEventListener('input', () => go(Number(slider.value), true));
    slider.addEventListener('change', () => go(Number(slider.value)));
    for (const [id, step] of [['#older', -1], ['#newer', 1]]) {
      one(id).addEventListener('click', (event) => {
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

  // An address with the view that is chosen.
  function viewed(address) {
    const url = new URL(address, location.href);
    url.searchParams.delete('view');
    if (one('#events.raw')) { url.searchParams.set('view', 'raw'); }
    return url;
  }

  function toggleBytes() {
    const events = one('#events');
    if (!events) { return; }
    const isRaw = events.classList.toggle('raw');
    one('#as-raw').ariaCurrent = String(isRaw);
    one('#as-diff').ariaCurrent = String(!isRaw);
    for (const link of all('.travel a[href], .said')) { link.href = viewed(link.href); }
    for (const field of all('.travel [name=view]')) { field.disabled = !isRaw; }
    history.replaceState(null, '', viewed(location.href));
  }

  // The links lead to the moment that the page was loaded at; the view changes where one is.
  for (const [id, isRaw] of [['#as-raw', true], ['#as-diff', false]]) {
    one(id)?.addEventListener('click', (event) => {
      event.preventDefault();
      if (!!one('#events.raw') !== isRaw) { toggleBytes(); }
    });
  }
  offerTimes();
  offerCopies();
  const step = travel();
  const keys = one('#keys');
  if (keys) {
    keys.parentElement.hidden = false;
    keys.checked = localStorage.getItem('keys') !== 'off';
    keys.addEventListener('change', () => localStorage.setItem('keys', keys.checked ? 'on' : 'off'));
  }
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys?.checked) { return; }
    if (event.target.closest('input:not([type="range"], [type="checkbox"]), select, textarea')) { return; }
    if (event.key === '/' && one('#find')) {
      event.preventDefault();
      one('#find').focus();
    } else if (event.key === 'h') { step(-1); } else if (event.key === 'l') { step(1); } else if (event.key === 'r') { toggleBytes(); }
  });
  window.ledgerConsole = { one, all, button, showTimes };
})();
