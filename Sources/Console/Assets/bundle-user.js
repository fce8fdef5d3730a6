// One user: what happened, what each event changed, and the state at any of them.
const labels = new Map(fieldsOf(templates.get('user-view')).map((field) => [field.dataset.field, field.previousSibling.textContent]));

// `state` is what was before, and becomes what is after; null where it is not known.
function fillDiff(item, changes, state) {
  const list = one('.diff', item);
  const line = pattern(list, 'li');
  list.replaceChildren();
  for (const [field, text] of (state && changes) || []) {
    const change = line.cloneNode(true);
    fill(change, '.label', labels.get(fieldNames[field]));
    fill(change, 'del', state[field]);
    fill(change, 'ins', text);
    list.append(change);
    state[field] = text;
  }
  if (!list.children.length) { list.remove(); }
}

class UserView {
  constructor(user, version) {
    this.user = user;
    this.count = user.events.length;
    this.told = user.events.map((i) => toldOf(bundle.events, i));
    this.cursor = version >= 0 && version <= this.count ? version : this.count;
    this.root = view('user-view');
    this.sample = pattern(this.root, '.entry');
    this.fillHead();
    this.listen();
    this.place();
  }

  one(selector) { return one(selector, this.root); }

  fillHead() {
    const { user, root, count } = this;
    const { status } = summary(user);
    fill(root, 'h1', nameOf(user));
    fill(root, '.subject', user.subject + (user.person ? ` · person ${user.person}` : ''));
    fill(root, '.head .chip', status);
    this.one('.head .chip').classList.add(status.replace(' ', '-'));
    for (const part of all('.head .chip, .panel', root)) { part.hidden = !hasStates; }
    this.one('.story').classList.toggle('stateless', !hasStates);
    this.one('#event').max = count;
    this.one('.slide label').lastChild.textContent = ` of ${count}`;
    this.one('.slide button').remove();
    fill(root, '#newest', 'Last');
    const gap = hasStates ? this.told.findIndex(({ changes }) => !changes) : -1;
    if (gap < 0) { return; }
    this.one('#unknown').hidden = false;
    fill(root, '#unknown', 'The bundle does not have all events of this user: something that came before position '
      + `${bundle.events.positions[user.events[gap]]} is not in it. From there on it shows what happened, but the state cannot be known.`);
  }

  listen() {
    this.one('#event').addEventListener('input', (event) => this.go(Number(event.target.value)));
    this.one('.slide').addEventListener('submit', (event) => event.preventDefault());
    this.one('.date').addEventListener('submit', (event) => {
      event.preventDefault();
      this.goToTime(this.one('#time').value);
    });
    for (const [id, isRaw] of [['#as-raw', true], ['#as-diff', false]]) {
      link(this.one(id), userPath(this.user.subject));
      this.one(id).addEventListener('click', (event) => {
        event.preventDefault();
        this.showBytes(isRaw);
      });
    }
  }

  // After the last event that was made in this second or before.
  goToTime(time) {
    const bound = time.length === 16 ? `${time}:00` : time;
    this.go(this.user.events.findLastIndex((i) => bundle.events.times[i].slice(0, 19) <= bound) + 1);
  }

  showBytes(isRaw) {
    this.one('#events').classList.toggle('raw', isRaw);
    this.one('#as-raw').ariaCurrent = String(isRaw);
    this.one('#as-diff').ariaCurrent = String(!isRaw);
  }

  go(target) {
    if (target < 0 || target > this.count || target === this.cursor) { return; }
    this.cursor = target;
    this.place();
    this.scroll();
    history.replaceState(null, '', userPath(this.user.subject, target));
  }

  // On a narrow screen the slider and the state stand above, and would be scrolled away.
  scroll() {
    if (matchMedia('(min-width: 901px)').matches) { this.one('.entry.cursor')?.scrollIntoView({ block: 'nearest' }); }
  }

  stateAfter(count) { return stateAfter(this.told.slice(0, count)); }

  // Those around the cursor: there may be a hundred thousand.
  place() {
    const { user, count, cursor } = this;
    const end = Math.min(count, Math.max(cursor + rowsMax / 2, rowsMax));
    const start = Math.max(0, end - rowsMax);
    let state = this.stateAfter(start);
    const entries = [];
    for (let number = start + 1; number <= end; number += 1) {
      if (!this.told[number - 1].changes) { state = null; }
      entries.unshift(this.entry(user.events[number - 1], number, state));
    }
    this.one('.timeline').replaceChildren(...entries);
    this.placePanel();
    this.placeBar();
    showTimes(this.root);
  }

  entry(i, number, state) {
    const { events } = bundle;
    const item = this.sample.cloneNode(true);
    item.dataset.version = number;
    item.dataset.position = events.positions[i];
    item.classList.toggle('cursor', number === this.cursor);
    if (number === this.cursor) { item.setAttribute('aria-current', 'step'); } else { item.removeAttribute('aria-current'); }
    fill(item, '.said', this.told[number - 1].said);
    link(one('.said', item), userPath(this.user.subject, number));
    fillTime(one('time', item), events.times[i]);
    fill(item, '.by code', events.types[i]);
    fill(item, '.by span', actorOf(i));
    fill(item, '.by a', `Proof of ${events.positions[i]}`);
    link(one('.by a', item), eventPath(events.positions[i]));
    fill(item, '.bytes', textOf(events, i));
    fillDiff(item, this.told[number - 1].changes, state);
    return item;
  }

  placePanel() {
    const { user, count, cursor, root } = this;
    const now = this.stateAfter(cursor);
    const last = user.events[cursor - 1];
    const changed = cursor ? (this.told[cursor - 1].changes || []).map(([field]) => field) : [];
    fieldsOf(root).forEach((field, place) => {
      field.textContent = now ? now[place] : 'not known';
      field.classList.toggle('changed', changed.includes(place));
    });
    const moment = cursor === count ? 'State after the last event' : cursor ? `State after event ${cursor}` : 'State before event 1';
    fill(root, '#state-title', now ? moment : `${moment}: not known`);
    this.one('#state').hidden = !now;
    const time = document.createElement('time');
    this.one('#state-time').replaceChildren(time);
    fillTime(time, cursor ? bundle.events.times[last] : '');
  }

  placeBar() {
    const { user, count, cursor } = this;
    this.one('#event').value = cursor;
    fill(this.root, '#where', cursor);
    for (const [id, target] of [['#older', cursor - 1], ['#newer', cursor + 1], ['#newest', cursor === count ? -1 : count]]) {
      this.one(id).className = 'button';
      link(this.one(id), target < 0 || target > count ? null : userPath(user.subject, target));
    }
  }
}

function showUser(user, version) {
  if (!user) { return showNothing(); }
  const shown = new UserView(user, version);
  turn = (step) => shown.go(shown.cursor + step);
  acts.r = () => shown.showBytes(!one('#events.raw', shown.root));
  show(shown.root, 'User');
  shown.scroll();
}
