// White paper and dark ink: strokes as lists of points, so that each can be taken back, perhaps on
// an image from a file. Gradio gives `element`, `props` and `trigger`. What `props.value` holds
// after each change is guessed at: the data URL of the file, or of the paper once it is drawn on.
// Until the answer to the newest change is there, what is shown is of another drawing, and dim.
const canvas = element.querySelector("canvas"), pen = canvas.getContext("2d");
const [undo, clear, choose] = element.querySelectorAll("button");
const chooser = element.querySelector("input"), said = element.querySelector(".said");
const INK = 16; // of 480: as wide as the lines of the icons
const NOTHING = { url: "", image: null };
let strokes = [], file = NOTHING, current = null;
let changes = 0, asked = 0; // how many there were, and how many before the newest question

function redraw() {
  pen.fillStyle = "#fff"; // without it, clear paper would be transparent
  pen.fillRect(0, 0, canvas.width, canvas.height);
  if (file.image) {
    const { width, height } = file.image, scale = canvas.width / Math.max(width, height);
    const [wide, high] = [width * scale, height * scale];
    pen.drawImage(file.image, (canvas.width - wide) / 2, (canvas.height - high) / 2, wide, high);
  }
  pen.lineWidth = INK;
  pen.lineCap = pen.lineJoin = "round";
  for (const points of strokes) {
    pen.beginPath();
    pen.moveTo(...points[0]);
    points.forEach(([x, y]) => pen.lineTo(x + 0.01, y)); // a tap is a dot: no line is without length
    pen.stroke();
  }
  undo.disabled = !strokes.length;
  clear.disabled = !strokes.length && !file.url;
}

function changed() {
  redraw();
  props.value = strokes.length ? canvas.toDataURL("image/png") : file.url;
  changes += 1;
  shown("thinking …", { busy: true, stale: true });
  trigger("input");
}

function shown(text, { busy, stale }) {
  const answer = document.getElementById("answer");
  said.textContent = text;
  answer.setAttribute("aria-busy", busy);
  answer.classList.toggle("stale", stale);
}

// Called by the page before each question and after its answer; a later change has its own to come.
window.paper = {
  asks(url) {
    asked = changes;
    return url;
  },
  hears(html) {
    const answer = new DOMParser().parseFromString(html, "text/html").querySelector(".answer");
    if (asked === changes) shown(answer.dataset.said, { busy: false, stale: false });
  },
  fails() {
    shown("No answer came: draw on, or open the page again.", { busy: false, stale: true });
  },
};

function place(event) {
  const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

function asUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function open(blob) {
  // A file that is too big never leaves the browser: the server is told its size, and says so.
  const url = blob.size > props.max_bytes ? `size:${blob.size}` : await asUrl(blob);
  const image = blob.size > props.max_bytes ? null : await createImageBitmap(blob).catch(() => null);
  strokes = [];
  file = { url, image };
  changed();
}

canvas.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button) return;
  canvas.setPointerCapture(event.pointerId); // a stroke goes on outside of the paper
  current = [place(event)];
  strokes.push(current);
  redraw();
});
canvas.addEventListener("pointermove", (event) => {
  if (!current || !event.isPrimary) return;
  current.push(place(event));
  redraw();
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, () => {
    if (!current) return;
    current = null;
    changed();
  });
}
undo.addEventListener("click", () => { strokes.pop(); changed(); });
clear.addEventListener("click", () => { strokes = []; file = NOTHING; changed(); });
choose.addEventListener("click", () => chooser.click());
chooser.addEventListener("change", () => {
  if (chooser.files.length) open(chooser.files[0]);
  chooser.value = ""; // the same file can be chosen again
});
redraw();
