// The user's page: each event carries what it changed, so the state at any event of the page is that of
// its neighbour with these lines put forth or back.
(() => {
  const bar = one('.travel');
  if (!bar) { return; }
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
  acts.h = () => go(version - 1);
  acts.l = () => go(version + 1);

  // An address with the view that is chosen.
  function viewed(address) {
    const url = new URL(address, location.href);
    url.searchParams.delete('view');
    if (one('#events.raw')) { url.searchParams.set('view', 'raw'); }
    return url;
  }

  function toggleBytes() {
    const isRaw = one('#events').classList.toggle('raw');
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
  acts.r = toggleBytes;
})();
