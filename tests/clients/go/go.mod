module cambist.test/clients/go

go 1.19
