module hangar.dev/gate

go 1.26
