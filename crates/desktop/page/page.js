// What the window shows while there is no daemon. What happened stands in the fragment of the
// address, as JSON; it is text here, whatever is in it.
const part = (id) => document.getElementById(id);

function show() {
  if (location.hash.length < 2) return;
  const { title, message, hint } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  part('title').textContent = title;
  part('message').textContent = message;
  part('hint').textContent = `hint: ${hint}`;
  part('hint').hidden = hint === null;
  part('again').hidden = false;
}

addEventListener('hashchange', show);
show();
